//! Files to flows, one line at a time.

use super::lines::Lines;
use super::{
    BadLines, Reading, Record, Tally, Trace, TraceFlow, TraceFormat, Wrong, csv_trace, filter, lab, zeek,
};
use crate::error::{Error, Problem};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::thread;

/// So many bad lines show what is wrong with a file.
const MOST_PROBLEMS: usize = 20;

/// Reads `files` one after the other and puts their flows in order of start.
pub fn read(files: &[PathBuf], reading: &Reading) -> Result<Trace, Error> {
    let mut flows: Vec<TraceFlow> = Vec::new();
    let mut keep = |flow: TraceFlow, place: Place<'_>| {
        // Growing holds the old flows and twice as many new ones; sorting holds half as many again.
        let needed = 3 * flows.len() as u64 * size_of::<TraceFlow>() as u64;
        if flows.len() == flows.capacity() && needed > reading.memory_limit {
            return Err(too_large(place, reading.memory_limit, flows.len()));
        }
        flows.push(flow);
        Ok(())
    };
    let tally = read_all(files, reading, &mut keep)?;
    flows.sort_by_key(|flow| flow.start_us);
    Ok(Trace { flows, tally })
}

/// Flows that are handed over together.
const BLOCK: usize = 1 << 12;

/// Blocks that may wait to be taken.
const BLOCKS_AHEAD: usize = 4;

/// Reads `files` one after the other and hands over each flow soon after; refuses flows that are not in order of start.
/// Where a line is bad, the flows before it were handed over. A thread reads ahead while the flows are taken.
pub fn stream(
    files: &[PathBuf],
    reading: &Reading,
    each: &mut impl FnMut(TraceFlow),
) -> Result<Tally, Error> {
    let (send, blocks) = mpsc::sync_channel(BLOCKS_AHEAD);
    thread::scope(|scope| {
        let reader = scope.spawn(move || read_blocks(files, reading, &send));
        blocks.into_iter().flatten().for_each(each);
        reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn read_blocks(
    files: &[PathBuf],
    reading: &Reading,
    send: &SyncSender<Vec<TraceFlow>>,
) -> Result<Tally, Error> {
    let mut last = i64::MIN;
    let mut block = Vec::with_capacity(BLOCK);
    // Whoever takes the blocks takes them all.
    let hand_over = |block: Vec<TraceFlow>| drop(send.send(block));
    let mut pass_on = |flow: TraceFlow, place: Place<'_>| {
        if flow.start_us < last {
            return Err(disorder(place));
        }
        last = flow.start_us;
        block.push(flow);
        if block.len() == BLOCK {
            hand_over(std::mem::replace(&mut block, Vec::with_capacity(BLOCK)));
        }
        Ok(())
    };
    let tally = read_all(files, reading, &mut pass_on);
    hand_over(block);
    tally
}

/// A line of a file.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    line: usize,
}

impl Place<'_> {
    fn problem(self, message: String, help: &str) -> Problem {
        Problem {
            file: self.file.into(),
            line: Some(self.line),
            column: None,
            message,
            help: Some(help.into()),
        }
    }
}

fn too_large(place: Place<'_>, limit: u64, flows: usize) -> Error {
    let message = format!("the {flows} flows up to here fill the memory limit of {} MiB", limit >> 20);
    let help = "raise `--memory-limit`, or sort the trace by start and pass `--sorted`, which keeps no flow";
    Error::Input(vec![place.problem(message, help)])
}

fn disorder(place: Place<'_>) -> Error {
    let help = "leave out `--sorted` to have the trace sorted";
    Error::Input(vec![place.problem("starts before the flow above it".into(), help)])
}

fn bad_line(place: Place<'_>, why: String) -> Problem {
    place.problem(why, "mend the line, or pass `--skip-bad-lines` to count such lines and go on")
}

type Take<'t> = dyn FnMut(TraceFlow, Place<'_>) -> Result<(), Error> + 't;

fn read_all(files: &[PathBuf], reading: &Reading, take: &mut Take<'_>) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    for file in files {
        read_file(file, reading, &mut tally, take)?;
    }
    Ok(tally)
}

fn read_file(file: &Path, reading: &Reading, tally: &mut Tally, take: &mut Take<'_>) -> Result<(), Error> {
    let name = file.display().to_string();
    let mut lines = Lines::open(file)?;
    let mut parser: Option<Parser> = None;
    let mut problems: Vec<Problem> = Vec::new();
    let (before, skipped_before) = (tally.records, tally.skipped_lines);
    while let Some((line, text)) = lines.next_line(&name)? {
        if text.trim_ascii().is_empty() {
            continue;
        }
        let place = Place { file: &name, line };
        let parser = match &mut parser {
            Some(parser) => parser,
            none => {
                let new = Parser::new(reading.format, text);
                none.insert(new.map_err(|(why, help)| Error::Input(vec![place.problem(why, help)]))?)
            }
        };
        match parser.read(text) {
            Ok(None) => {}
            Ok(Some(record)) => count(tally, record, reading, place, take)?,
            Err(Wrong::File(why)) => {
                problems.push(place.problem(why, "give a Zeek conn.log or a CSV table"));
                break;
            }
            Err(Wrong::Line(_)) if reading.bad_lines == BadLines::Skip => tally.skipped_lines += 1,
            Err(Wrong::Line(why)) => problems.push(bad_line(place, why)),
        }
        if problems.len() == MOST_PROBLEMS {
            break;
        }
    }
    if !problems.is_empty() {
        return Err(Error::Input(problems));
    }
    if tally.records == before {
        return Err(nothing_read(name, tally.skipped_lines - skipped_before));
    }
    Ok(())
}

fn nothing_read(name: String, skipped: u64) -> Error {
    let skipped = match skipped {
        0 => String::new(),
        lines => format!(" that can be read ({lines} lines passed over)"),
    };
    Error::input(name, format!("holds no record{skipped}; give a Zeek conn.log or a CSV table"))
}

fn count(
    tally: &mut Tally,
    record: Record,
    reading: &Reading,
    place: Place<'_>,
    take: &mut Take<'_>,
) -> Result<(), Error> {
    tally.records += 1;
    let missing = record.duration_us.is_none();
    match filter::outbound(record, &reading.inside) {
        Ok(flow) => {
            tally.missing_duration += u64::from(missing);
            take(flow, place)
        }
        Err(reason) => {
            *tally.not_used.entry(reason).or_default() += 1;
            Ok(())
        }
    }
}

enum Parser {
    Zeek(zeek::TabSeparated),
    ZeekJson,
    Csv(Box<csv_trace::Table>),
    Lab(lab::Table),
}

impl Parser {
    /// The parser for a file that begins with `line`.
    fn new(format: TraceFormat, line: &[u8]) -> Result<Self, (String, &'static str)> {
        let format = match format {
            TraceFormat::Auto if line.starts_with(b"#") => TraceFormat::Zeek,
            TraceFormat::Auto if line.trim_ascii_start().starts_with(b"{") => TraceFormat::ZeekJson,
            TraceFormat::Auto if line.contains(&b',') => TraceFormat::Csv,
            TraceFormat::Auto => {
                let why = "is the first line of no known format".into();
                return Err((why, "name the format with `--trace-format`"));
            }
            named => named,
        };
        Ok(match format {
            TraceFormat::ZeekJson => Self::ZeekJson,
            TraceFormat::Csv => Self::Csv(Box::default()),
            TraceFormat::Lab => Self::Lab(lab::Table::default()),
            _ => Self::Zeek(zeek::TabSeparated::default()),
        })
    }

    /// The record of a line; nothing for a header or comment.
    fn read(&mut self, line: &[u8]) -> Result<Option<Record>, Wrong> {
        match self {
            Self::Zeek(log) => log.read(&String::from_utf8_lossy(line)),
            Self::ZeekJson => Ok(Some(zeek::read_json(&String::from_utf8_lossy(line))?)),
            Self::Csv(table) => table.read(line),
            Self::Lab(table) => table.read(line),
        }
    }
}
