//! The JSON around the tuples, read as it comes: a blob of an hour is one line of any length. Memory holds one string at a time.
//!
//! Read are `{"records": [...]}`, and records by themselves, one after the other.

use super::Kind;
use crate::error::Error;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};

/// A longer string is no tuple.
const MOST_BYTES: usize = 1 << 20;

/// What stands near the beginning of every flow log, and of no log of connections.
const MARKS: [&str; 4] =
    ["\"records\"", "\"flowRecords\"", "\"flowTuples\"", "\"NetworkSecurityGroupFlowEvent\""];

/// Whether a file that begins so is a flow log.
pub fn is_flow_log(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head);
    head.trim_start_matches('\u{feff}').trim_start().starts_with(['{', '['])
        && MARKS.iter().any(|mark| head.contains(mark))
}

/// Where a file is read: line and column, from 1.
pub type Position = (usize, usize);

/// Takes a tuple, of which kind, and where it begins.
pub type Sink<'s> = dyn FnMut(&str, Kind, Position) -> Result<(), Error> + 's;

/// Why a file was not read to its end.
#[derive(Debug)]
pub enum Stopped {
    /// It is no flow log from here on.
    Malformed(Position, String),
    /// Whoever takes the tuples wants no more.
    ByTaker(Error),
}

/// Hands every tuple of a file to `take`.
pub fn read(mut input: impl BufRead, take: &mut Sink<'_>) -> Result<(), Stopped> {
    skip_mark(&mut input).map_err(|why| Stopped::Malformed((1, 1), why.to_string()))?;
    let position = Cell::new((1, 1));
    let counted = Counted { input, position: &position, since_quote: 0 };
    let mut json = serde_json::Deserializer::from_reader(counted);
    let mut walk = Walk { position: &position, take, stopped: None };
    loop {
        match json.end() {
            Ok(()) => return Ok(()),
            Err(why) if why.is_io() => return Err(malformed(&why)),
            Err(_) => {}
        }
        let read = Part { walk: &mut walk, kind: None }.deserialize(&mut json);
        if let Some(error) = walk.stopped.take() {
            return Err(Stopped::ByTaker(error));
        }
        read.map_err(|why| malformed(&why))?;
    }
}

fn malformed(why: &serde_json::Error) -> Stopped {
    Stopped::Malformed((why.line().max(1), why.column().max(1)), why.to_string())
}

/// Some tools begin a file with a mark of its encoding.
fn skip_mark(input: &mut impl BufRead) -> io::Result<()> {
    if input.fill_buf()?.starts_with(b"\xEF\xBB\xBF") {
        input.consume(3);
    }
    Ok(())
}

/// Bytes with their place; refuses a string without an end.
struct Counted<'p, R> {
    input: R,
    position: &'p Cell<Position>,
    since_quote: usize,
}

impl<R: BufRead> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        let (mut line, mut column) = self.position.get();
        for byte in &buffer[..count] {
            self.since_quote = if *byte == b'"' { 0 } else { self.since_quote + 1 };
            (line, column) = if *byte == b'\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        self.position.set((line, column));
        match self.since_quote > MOST_BYTES {
            true => {
                Err(io::Error::other(format!("{MOST_BYTES} bytes without a quotation mark are no flow log")))
            }
            false => Ok(count),
        }
    }
}

/// A walk through a file.
struct Walk<'w, 's> {
    position: &'w Cell<Position>,
    take: &'w mut Sink<'s>,
    stopped: Option<Error>,
}

/// Any part of a file, below a key that says which log it is, or above.
struct Part<'a, 'w, 's> {
    walk: &'a mut Walk<'w, 's>,
    kind: Option<Kind>,
}

impl<'de> DeserializeSeed<'de> for Part<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Part<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("records of a flow log")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let kind = match key.as_str() {
                "records" | "flows" | "flowGroups" => self.kind,
                "flowRecords" => Some(Kind::Vnet),
                "properties" => Some(Kind::Nsg),
                "flowTuples" => {
                    map.next_value_seed(Tuples { walk: &mut *self.walk, kind: self.kind })?;
                    continue;
                }
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            map.next_value_seed(Part { walk: &mut *self.walk, kind })?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Part { walk: &mut *self.walk, kind: self.kind })?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// A list of tuples.
struct Tuples<'a, 'w, 's> {
    walk: &'a mut Walk<'w, 's>,
    kind: Option<Kind>,
}

impl<'de> DeserializeSeed<'de> for Tuples<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Tuples<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a tuple of a flow log")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Tuples { walk: &mut *self.walk, kind: self.kind })?.is_some() {}
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, tuple: &str) -> Result<(), E> {
        let Some(kind) = self.kind else {
            return Err(E::custom("`flowTuples` stands below neither `flowRecords` nor `properties`"));
        };
        // The quotation mark behind the tuple was the last byte read.
        let (line, behind) = self.walk.position.get();
        let begin = behind.saturating_sub(tuple.len() + 1).max(1);
        let taken = (self.walk.take)(tuple, kind, (line, begin));
        taken.map_err(|error| {
            self.walk.stopped = Some(error);
            E::custom("the taker wants no more")
        })
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}
