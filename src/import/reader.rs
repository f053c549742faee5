//! Files to flows, one entry at a time.

use super::flow_log::{self, Stopped};
use super::lines::{self, Input, Lines};
use super::parser::{Carried, Parser, Read};
use super::{BadLines, Lasted, Reading, Record, Tally, Trace, TraceFlow, TraceFormat, Wrong, filter};
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

/// Reads `files` one after the other and hands over each flow as soon as its end was read, in no order of start. Where
/// an entry is bad, the flows before it were handed over.
pub fn each(files: &[PathBuf], reading: &Reading, take: &mut impl FnMut(TraceFlow)) -> Result<Tally, Error> {
    read_all(files, reading, &mut |flow, _| {
        take(flow);
        Ok(())
    })
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

/// A line of a file, or a place in one.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: Option<usize>,
}

impl Place<'_> {
    fn problem(self, message: String, help: &str) -> Problem {
        Problem {
            file: self.file.into(),
            line: Some(self.line),
            column: self.column,
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
    let mut counted = Counted { reading, tally: Tally::default(), take };
    let mut carried = Carried::default();
    for file in files {
        read_file(file, &mut counted, &mut carried)?;
    }
    let last = files.last().map(|file| file.display().to_string()).unwrap_or_default();
    let place = Place { file: &last, line: 1, column: None };
    carried.finish().into_iter().try_for_each(|record| counted.flow(record, place))?;
    Ok(counted.tally)
}

/// Entries so far, and who takes the outbound flows among them.
struct Counted<'t, 'f> {
    reading: &'t Reading,
    tally: Tally,
    take: &'t mut Take<'f>,
}

impl Counted<'_, '_> {
    fn entry(&mut self, read: Read, place: Place<'_>) -> Result<(), Error> {
        self.tally.records += u64::from(read != Read::Header);
        match read {
            Read::Header | Read::Kept => Ok(()),
            Read::Flow(record) => self.flow(record, place),
            Read::NotUsed(reason) => {
                self.not_used(reason);
                Ok(())
            }
        }
    }

    fn flow(&mut self, record: Record, place: Place<'_>) -> Result<(), Error> {
        let lasted = record.lasted;
        match filter::outbound(record, &self.reading.inside) {
            Ok(flow) => {
                self.tally.missing_duration += u64::from(lasted == Lasted::Unsaid);
                self.tally.open_at_end += u64::from(matches!(lasted, Lasted::SoFar(_)));
                (self.take)(flow, place)
            }
            Err(reason) => {
                self.not_used(reason);
                Ok(())
            }
        }
    }

    fn not_used(&mut self, reason: &'static str) {
        *self.tally.not_used.entry(reason).or_default() += 1;
    }

    fn skips(&self) -> bool {
        self.reading.bad_lines == BadLines::Skip
    }
}

/// So much of a file tells whether it is a flow log.
const HEAD_BYTES: usize = 1 << 12;

fn read_file(file: &Path, counted: &mut Counted<'_, '_>, carried: &mut Carried) -> Result<(), Error> {
    let name = file.display().to_string();
    let (before, skipped_before) = (counted.tally.records, counted.tally.skipped_lines);
    let input = lines::open(file)?;
    match counted.reading.format {
        TraceFormat::VnetFlowLog | TraceFormat::NsgFlowLog => read_flow_log(&name, input, counted, carried)?,
        TraceFormat::Auto => match lines::peek(input, HEAD_BYTES) {
            (head, input) if flow_log::is_flow_log(&head) => read_flow_log(&name, input, counted, carried)?,
            (_, input) => read_lines(&name, input, counted, carried)?,
        },
        _ => read_lines(&name, input, counted, carried)?,
    }
    match counted.tally.records == before {
        true => Err(nothing_read(name, counted.tally.skipped_lines - skipped_before)),
        false => Ok(()),
    }
}

fn read_flow_log(
    name: &str,
    input: Input,
    counted: &mut Counted<'_, '_>,
    carried: &mut Carried,
) -> Result<(), Error> {
    let mut problems: Vec<Problem> = Vec::new();
    let wanted = counted.reading.format;
    let mut tuple = |text: &str, kind: flow_log::Kind, (line, column): flow_log::Position| {
        let place = Place { file: name, line, column: Some(column) };
        if wanted != TraceFormat::Auto && wanted != kind.format() {
            let message = format!("is a tuple of {}, not of {}", kind.format().name(), wanted.name());
            return Err(Error::Input(vec![place.problem(message, "leave out `--trace-format`")]));
        }
        counted.tally.formats.insert(kind.format());
        match carried.flow_logs.tuple(text, kind) {
            Ok(read) => counted.entry(read, place)?,
            Err(_) if counted.skips() => counted.tally.skipped_lines += 1,
            Err(why) => problems.push(bad_line(place, why)),
        }
        match problems.len() {
            MOST_PROBLEMS => Err(Error::Input(std::mem::take(&mut problems))),
            _ => Ok(()),
        }
    };
    let read = flow_log::read(input, &mut tuple);
    match read {
        Ok(()) => {}
        Err(Stopped::ByTaker(error)) => return Err(error),
        Err(Stopped::Malformed((line, column), why)) => {
            let place = Place { file: name, line, column: Some(column) };
            problems
                .push(place.problem(format!("is no JSON of a flow log ({why})"), "is the file truncated?"));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::Input(problems)) }
}

fn read_lines(
    name: &str,
    input: Input,
    counted: &mut Counted<'_, '_>,
    carried: &mut Carried,
) -> Result<(), Error> {
    let mut lines = Lines::of(input);
    let mut parser: Option<Parser> = None;
    let mut problems: Vec<Problem> = Vec::new();
    let mut last = 1;
    while let Some((line, text)) = lines.next_line(name)? {
        if text.trim_ascii().is_empty() {
            continue;
        }
        last = line;
        let place = Place { file: name, line, column: None };
        let parser = match &mut parser {
            Some(parser) => parser,
            none => {
                let new = Parser::new(counted.reading.format, text);
                let (format, new) =
                    new.map_err(|(why, help)| Error::Input(vec![place.problem(why, help)]))?;
                counted.tally.formats.insert(format);
                none.insert(new)
            }
        };
        match parser.read(text, carried) {
            Ok(read) => counted.entry(read, place)?,
            Err(Wrong::File(why)) => {
                problems.push(place.problem(why, WHAT_IS_READ));
                break;
            }
            Err(Wrong::Line(_)) if counted.skips() => counted.tally.skipped_lines += 1,
            Err(Wrong::Line(why)) => problems.push(bad_line(place, why)),
        }
        if problems.len() == MOST_PROBLEMS {
            break;
        }
    }
    if !problems.is_empty() {
        return Err(Error::Input(problems));
    }
    let place = Place { file: name, line: last, column: None };
    let open = parser.map_or(Vec::new(), |mut parser| parser.finish());
    open.into_iter().try_for_each(|record| counted.flow(record, place))
}

/// What can be given, for messages.
const WHAT_IS_READ: &str =
    "give a Zeek conn.log, a flow log of Azure, output of conntrack, tcplife or tcptracer, or a CSV table";

fn nothing_read(name: String, skipped: u64) -> Error {
    let skipped = match skipped {
        0 => String::new(),
        lines => format!(" that can be read ({lines} lines passed over)"),
    };
    Error::input(name, format!("holds no record{skipped}; {WHAT_IS_READ}"))
}
