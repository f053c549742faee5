//! A plain table: `start_s,duration_s,protocol,source,destination,port[,end]`, `protocol` being tcp, udp or icmp, `end`
//! being fin, rst or half_open.

use super::decimal::{micros, seconds};
use super::{End, Lasted, Length, Record, TraceFlow, Wrong, address, duration, port};
use crate::flow::{EndKind, Protocol};
use csv_core::{ReadRecordResult, ReaderBuilder, Terminator};

/// What a column may hold, in the order that messages name them.
const COLUMNS: [&str; 7] = ["start_s", "duration_s", "protocol", "source", "destination", "port", "end"];

/// How many of [`COLUMNS`] every table has.
const NEEDED: usize = 6;

/// Columns that may be empty in a line.
const MAY_BE_EMPTY: [&str; 2] = ["duration_s", "end"];

/// The first line of a table with every column.
pub const HEADER: &str = "start_s,duration_s,protocol,source,destination,port,end";

/// A flow as a line of a table that `Table` reads as the same flow; of one without a duration the field is empty.
pub fn row(flow: &TraceFlow) -> String {
    let TraceFlow { start_us, duration_us, length, protocol, source, destination, port, end } = *flow;
    let lasted = match length {
        Length::Unsaid => String::new(),
        Length::Whole | Length::SoFar => seconds(i64::try_from(duration_us).unwrap_or(i64::MAX)),
    };
    let end = match end {
        EndKind::Rst | EndKind::Refused => "rst",
        EndKind::HalfOpen => "half_open",
        EndKind::Fin | EndKind::Abandoned => "fin",
    };
    format!("{},{lasted},{},{source},{destination},{port},{end}", seconds(start_us), protocol.name())
}

/// A table being read: where its columns are, and the fields of its latest line.
#[derive(Debug, Default)]
pub struct Table {
    places: Option<[Option<usize>; COLUMNS.len()]>,
    fields: Fields,
}

impl Table {
    /// The record of a line; nothing for the header.
    pub fn read(&mut self, line: &[u8]) -> Result<Option<Record>, Wrong> {
        if let (Some(places), Some(fields)) = (self.places, unquoted(line)) {
            let value = |place: Option<usize>| {
                place.and_then(|place| fields.get(place)).map_or("", |field| field.trim_ascii())
            };
            return Ok(Some(record(places.map(value))?));
        }
        self.fields.split(line)?;
        let Some(places) = self.places else {
            let place = |name: &str| (0..self.fields.count()).find(|place| self.fields.get(*place) == name);
            let places = COLUMNS.map(place);
            self.places = Some(places);
            return match places.iter().take(NEEDED).position(Option::is_none) {
                Some(missing) => Err(Wrong::File(missing_column(missing))),
                None => Ok(None),
            };
        };
        let value = |place: Option<usize>| place.map_or("", |place| self.fields.get(place));
        Ok(Some(record(places.map(value))?))
    }
}

/// More columns than most tables have.
const USUAL: usize = 24;

/// The fields of a line in which nothing is quoted, which is nearly every line: no field needs a copy.
fn unquoted(line: &[u8]) -> Option<[&str; USUAL]> {
    let line = std::str::from_utf8(line).ok().filter(|line| !line.contains('"'))?;
    let mut fields = [""; USUAL];
    let mut places = fields.iter_mut();
    for field in line.split(',') {
        *places.next()? = field;
    }
    Some(fields)
}

fn missing_column(column: usize) -> String {
    format!("is a header without `{}`; write {}", COLUMNS[column], COLUMNS[..NEEDED].join(","))
}

/// The record with these values, in the order of [`COLUMNS`].
fn record(values: [&str; COLUMNS.len()]) -> Result<Record, String> {
    let lacking = |(value, name): &(&str, &str)| value.is_empty() && !MAY_BE_EMPTY.contains(name);
    if let Some((_, name)) = values.into_iter().zip(COLUMNS).find(lacking) {
        return Err(format!("lacks `{name}`"));
    }
    let [start, lasted, transport, source, destination, towards, ending] = values;
    Ok(Record {
        start_us: micros(start)?,
        lasted: Lasted::of(Some(lasted).filter(|text| !text.is_empty()).map(duration).transpose()?),
        protocol: protocol(transport)?,
        source: address("source", source)?,
        destination: address("destination", destination)?,
        port: port(towards)?,
        state: End(Some(ending).filter(|text| !text.is_empty()).map(end).transpose()?),
    })
}

/// Another word is likelier a slip of whoever made the table than a protocol, and a flow left out would lower the answer.
fn protocol(text: &str) -> Result<Option<Protocol>, String> {
    let is = |name: &str| text.eq_ignore_ascii_case(name);
    match text {
        _ if is("tcp") => Ok(Some(Protocol::Tcp)),
        _ if is("udp") => Ok(Some(Protocol::Udp)),
        _ if is("icmp") => Ok(None),
        _ => Err(format!("has the protocol \"{text}\"; allowed is tcp, udp or icmp")),
    }
}

fn end(text: &str) -> Result<EndKind, String> {
    match text {
        "fin" => Ok(EndKind::Fin),
        "rst" => Ok(EndKind::Rst),
        "half_open" => Ok(EndKind::HalfOpen),
        _ => Err(format!("has the end \"{text}\"; allowed is fin, rst or half_open")),
    }
}

/// The fields of one line, in memory that the next line uses again.
#[derive(Debug)]
struct Fields {
    parser: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    used: usize,
}

impl Default for Fields {
    fn default() -> Self {
        let parser = ReaderBuilder::new().terminator(Terminator::Any(b'\n')).build();
        Self { parser, text: Vec::new(), ends: Vec::new(), used: 0 }
    }
}

impl Fields {
    fn split(&mut self, line: &[u8]) -> Result<(), String> {
        let room = line.len() + 2;
        self.text.resize(room.max(self.text.len()), 0);
        self.ends.resize(room.max(self.ends.len()), 0);
        let (_, _, bytes, fields) = self.parser.read_record(line, &mut self.text, &mut self.ends);
        let (end, _, _, last) =
            self.parser.read_record(b"\n", &mut self.text[bytes..], &mut self.ends[fields..]);
        self.used = fields + last;
        if end == ReadRecordResult::Record {
            return Ok(());
        }
        self.parser.reset();
        Err("has a quotation mark without its other half".into())
    }

    fn count(&self) -> usize {
        self.used
    }

    /// The field at `place`; nothing beyond the last, a replacement character for what is no text.
    fn get(&self, place: usize) -> &str {
        let Some(end) = self.ends[..self.used].get(place) else { return "" };
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        let field = self.text[start..*end].trim_ascii();
        std::str::from_utf8(field).unwrap_or("\u{fffd}")
    }
}
