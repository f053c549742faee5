//! Lines of a file, plain or gzip, one at a time and never longer than a bound.

use crate::error::Error;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// A longer line is no record.
const MOST_BYTES: u64 = 1 << 20;

/// Bytes asked of the system at once.
const BUFFER_BYTES: usize = 1 << 18;

/// A file being read.
pub struct Lines {
    input: Box<dyn BufRead>,
    number: usize,
    bytes: Vec<u8>,
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
        let mut raw = BufReader::with_capacity(BUFFER_BYTES, raw);
        let start = raw.fill_buf().map_err(|why| Error::input(name, format!("cannot be read: {why}")))?;
        let input: Box<dyn BufRead> = match start.starts_with(&[0x1f, 0x8b]) {
            true => Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(raw))),
            false => Box::new(raw),
        };
        Ok(Self { input, number: 0, bytes: Vec::new() })
    }

    /// The next line and its number, from 1.
    pub fn next_line(&mut self, name: &str) -> Result<Option<(usize, &[u8])>, Error> {
        self.bytes.clear();
        self.number += 1;
        let number = self.number;
        let read = self.input.by_ref().take(MOST_BYTES).read_until(b'\n', &mut self.bytes);
        let read = read.map_err(|why| {
            let why = format!("cannot be read to its end ({why}); is the file truncated?");
            Error::input(format!("{name}:{number}"), why)
        })?;
        if read == 0 {
            return Ok(None);
        }
        if read as u64 == MOST_BYTES && self.bytes.last() != Some(&b'\n') {
            let why = format!("the line is longer than {MOST_BYTES} bytes, which is no record");
            return Err(Error::input(format!("{name}:{number}"), why));
        }
        while self.bytes.pop_if(|last| matches!(last, b'\n' | b'\r')).is_some() {}
        Ok(Some((number, &self.bytes)))
    }
}
