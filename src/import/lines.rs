//! Lines of a file, plain or gzip, one at a time and never longer than a bound.

use crate::error::Error;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A longer line is no record.
const MOST_BYTES: u64 = 1 << 20;

/// A file being read.
pub struct Lines {
    input: Box<dyn BufRead>,
    number: usize,
}

impl Lines {
    /// Opens a file, or standard input for `-`; gzip is told by its first two bytes.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let name = path.display().to_string();
        if path.is_dir() {
            return Err(Error::input(name, "is a directory; name the log files in it"));
        }
        let raw: Box<dyn Read> = if name == "-" {
            Box::new(std::io::stdin())
        } else {
            Box::new(
                File::open(path)
                    .map_err(|why| Error::input(name.clone(), format!("cannot be read: {why}")))?,
            )
        };
        let mut raw = BufReader::new(raw);
        let start = raw.fill_buf().map_err(|why| Error::input(name, format!("cannot be read: {why}")))?;
        let input: Box<dyn BufRead> = match start.starts_with(&[0x1f, 0x8b]) {
            true => Box::new(BufReader::new(MultiGzDecoder::new(raw))),
            false => Box::new(raw),
        };
        Ok(Self { input, number: 0 })
    }

    /// The next line and its number, from 1.
    pub fn next_line(&mut self, name: &str) -> Result<Option<(usize, String)>, Error> {
        let mut bytes = Vec::new();
        self.number += 1;
        let number = self.number;
        let read = self.input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut bytes);
        let read = read.map_err(|why| {
            let why = format!("cannot be read to its end ({why}); is the file truncated?");
            Error::input(format!("{name}:{number}"), why)
        })?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 == MOST_BYTES && bytes.last() != Some(&b'\n') {
            let why = format!("the line is longer than {MOST_BYTES} bytes, which is no record");
            return Err(Error::input(format!("{name}:{number}"), why));
        }
        let line = String::from_utf8_lossy(&bytes);
        Ok(Some((number, line.trim_end_matches(['\n', '\r']).to_string())))
    }
}
