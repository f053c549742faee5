//! Bytes of a file to text: bounded, and in the encodings that shells write.

use crate::error::Error;
use std::io::Read;
use std::path::Path;

/// The plan of a large estate has tens of megabytes.
const MOST_BYTES: u64 = 128 * 1024 * 1024;

/// The text of a file; `-` is standard input.
pub fn read_text(path: &Path) -> Result<String, Error> {
    let name = path.display().to_string();
    let shown = if name == "-" { "standard input" } else { name.as_str() };
    let fail = |why: String| Error::input(shown, why);
    let cannot = |why: std::io::Error| fail(format!("cannot be read: {why}"));
    let mut bytes = Vec::new();
    if name == "-" {
        std::io::stdin().lock().take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    } else {
        if path.is_dir() {
            return Err(fail("is a directory; name a file in it".into()));
        }
        let file = std::fs::File::open(path).map_err(cannot)?;
        file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(cannot)?;
    }
    if bytes.len() as u64 > MOST_BYTES {
        return Err(fail(format!("is larger than {MOST_BYTES} bytes, which is no configuration")));
    }
    let text = decoded(bytes).map_err(|why| fail(why.into()))?;
    match text.trim().is_empty() {
        true => Err(fail(format!("is empty; {WHAT_IS_READ}"))),
        false => Ok(text),
    }
}

/// What can be given, for messages.
pub const WHAT_IS_READ: &str = "give a scenario, or the JSON of `az aks show`, `az network lb show`, `az network lb outbound-rule list`, \
     `az network nat gateway show`, `az network firewall show`, an ARM template, or `terraform show -json`";

/// UTF-8, or UTF-16 as the shell of Windows redirects; a mark of the encoding is left out.
fn decoded(bytes: Vec<u8>) -> Result<String, &'static str> {
    let units = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16(&units).map_err(|_| "is not UTF-16 text, though it begins like one")
    };
    match bytes.as_slice() {
        [0xFF, 0xFE, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8(rest.to_vec()).map_err(|_| NOT_UTF8),
        _ => String::from_utf8(bytes).map_err(|_| NOT_UTF8),
    }
}

const NOT_UTF8: &str = "is not UTF-8 text";
