//! Files, and their lines, plain or gzip, one at a time and never longer than a bound.

use crate::error::Error;
use flate2::read::MultiGzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::path::Path;

/// A longer line is no record.
const MOST_BYTES: u64 = 1 << 20;

/// Bytes asked of the system at once.
const BUFFER_BYTES: usize = 1 << 18;

/// Bytes of a file, unpacked.
pub type Input = Box<dyn BufRead>;

/// Opens a file, or standard input for `-`; gzip is told by its first two bytes.
pub fn open(path: &Path) -> Result<Input, Error> {
    let name = path.display().to_string();
    if path.is_dir() {
        return Err(Error::input(name, "is a directory; name the log files in it"));
    }
    let raw: Box<dyn Read> = if name == "-" {
        Box::new(std::io::stdin())
    } else {
        Box::new(
            File::open(path).map_err(|why| Error::input(name.clone(), format!("cannot be read: {why}")))?,
        )
    };
    let mut raw = BufReader::with_capacity(BUFFER_BYTES, raw);
    let start = raw.fill_buf().map_err(|why| Error::input(name, format!("cannot be read: {why}")))?;
    match start.starts_with(&[0x1f, 0x8b]) {
        true => Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(raw)))),
        false => Ok(Box::new(raw)),
    }
}

/// The first bytes of `input`, and an input that still begins with them. What cannot be read is told by that.
pub fn peek(mut input: Input, bytes: usize) -> (Vec<u8>, Input) {
    let mut head = Vec::new();
    match input.by_ref().take(bytes as u64).read_to_end(&mut head) {
        Ok(_) => (head.clone(), Box::new(Cursor::new(head).chain(input))),
        Err(why) => (head.clone(), Box::new(Cursor::new(head).chain(BufReader::new(Unreadable(Some(why)))))),
    }
}

/// An input that tells why it cannot be read.
struct Unreadable(Option<std::io::Error>);

impl Read for Unreadable {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Lines of an input.
pub struct Lines {
    input: Input,
    number: usize,
    bytes: Vec<u8>,
}

impl Lines {
    /// The lines from here on.
    pub fn of(input: Input) -> Self {
        Self { input, number: 0, bytes: Vec::new() }
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
