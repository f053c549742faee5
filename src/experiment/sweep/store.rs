//! Finished cells in a folder, so that a sweep can go on after it was stopped at any moment.
//!
//! `cells/grid.json` says what the sweep is; `cells/cell-00012.json` is one finished cell with the sweep's fingerprint and a
//! checksum, written aside and renamed; `cells/part-1-of-4.json` says that a part was begun here.

use super::head::Head;
use super::part::Part;
use super::results::Cell;
use crate::error::Error;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Whether finished cells are expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beginning {
    /// There must be none.
    Anew,
    /// Those that are there are kept.
    Resumed,
}

/// The folder of a sweep's finished cells.
#[derive(Debug)]
pub struct Store {
    folder: PathBuf,
    fingerprint: String,
    /// What its files are called before they have their names.
    aside: String,
}

/// Cells found in a folder.
#[derive(Debug, Default)]
pub struct Found {
    /// By number.
    pub cells: BTreeMap<usize, Cell>,
    /// Files that cannot be read as a cell.
    pub damaged: Vec<PathBuf>,
    /// Files that are cells of another sweep.
    pub foreign: Vec<PathBuf>,
}

/// A cell as it is kept.
#[derive(Serialize, Deserialize)]
struct StoredCell {
    fingerprint: String,
    /// Of the fingerprint and the cell's own text.
    sha256: String,
    cell: Box<RawValue>,
}

/// A part that was begun.
#[derive(Serialize, Deserialize)]
struct BegunPart {
    fingerprint: String,
    part: String,
}

/// What a stored cell turned out to be.
enum Read {
    Cell(Box<Cell>),
    Damaged,
    /// Of another sweep.
    Foreign,
}

impl Store {
    /// Makes the folder, or finds it with cells in it.
    pub fn open(
        directory: &Path,
        head: &Head,
        part: Part,
        beginning: Beginning,
    ) -> Result<(Self, Found), Error> {
        let name = if part.is_whole() { "all".to_string() } else { part.to_string().replace('/', "-of-") };
        let (folder, fingerprint) = (folder(directory), head.fingerprint.clone());
        let store = Self { folder, fingerprint: fingerprint.clone(), aside: format!(".snatsim-{name}-") };
        let found = store.check(directory, head, beginning)?;
        std::fs::create_dir_all(&store.folder).map_err(|source| store.failed(&store.folder, source))?;
        store.clear();
        store.write("grid.json", &pretty(head)?)?;
        if !part.is_whole() {
            let begun = BegunPart { fingerprint, part: part.to_string() };
            store.write(&format!("part-{name}.json"), &pretty(&begun)?)?;
        }
        Ok((store, found))
    }

    /// Cells that are there, if they may stay.
    fn check(&self, directory: &Path, head: &Head, beginning: Beginning) -> Result<Found, Error> {
        let there = numbered(&self.folder)?.len();
        let shown = self.folder.display();
        if there > 0 && beginning == Beginning::Anew {
            let message = format!(
                "{shown} holds {there} finished cells of a sweep; add `--resume` to keep them and go on, or name another \
                 directory"
            );
            return Err(Error::input("--out", message));
        }
        let other = read_head(directory).filter(|_| there > 0);
        if let Some(difference) = other.and_then(|other| head.difference(&other)) {
            let message = format!("{shown} holds cells of another sweep: {difference}");
            return Err(Error::input("--out", message));
        }
        let found = read_cells(directory, &self.fingerprint)?;
        match found.foreign.first() {
            Some(path) => {
                let message = format!("{} is a cell of another sweep; remove it", path.display());
                Err(Error::input("--out", message))
            }
            None => Ok(found),
        }
    }

    /// Keeps a finished cell.
    pub fn keep(&self, cell: &Cell) -> Result<(), Error> {
        let text = serde_json::to_string(cell).and_then(RawValue::from_string).map_err(no_json)?;
        let sha256 = checksum(&self.fingerprint, text.get());
        let stored = StoredCell { fingerprint: self.fingerprint.clone(), sha256, cell: text };
        let text = serde_json::to_string(&stored).map_err(no_json)? + "\n";
        self.write(&name_of(cell.cell), &text)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        let fail = |source| self.failed(&path, source);
        let mut builder = tempfile::Builder::new();
        let mut aside =
            others_may_read(builder.prefix(&self.aside)).tempfile_in(&self.folder).map_err(fail)?;
        aside.write_all(text.as_bytes()).and_then(|()| aside.flush()).map_err(fail)?;
        aside.into_temp_path().persist(&path).map_err(|why| self.failed(&path, why.error))
    }

    fn failed(&self, path: &Path, source: std::io::Error) -> Error {
        Error::Write { path: path.into(), source }
    }

    /// Removes what a run that was killed had not yet named.
    fn clear(&self) {
        let files = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for file in files.filter(|file| file.file_name().to_string_lossy().starts_with(&self.aside)) {
            // What stays is never read.
            drop(std::fs::remove_file(file.path()));
        }
    }
}

/// A file that others may read, as far as the user's mask allows.
fn others_may_read<'b, 'p, 's>(
    builder: &'b mut tempfile::Builder<'p, 's>,
) -> &'b mut tempfile::Builder<'p, 's> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder
}

fn folder(directory: &Path) -> PathBuf {
    directory.join("cells")
}

fn name_of(cell: usize) -> String {
    format!("cell-{cell:05}.json")
}

fn pretty(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(no_json)
}

fn no_json(why: serde_json::Error) -> Error {
    Error::Defect(format!("a cell is no JSON: {why}"))
}

fn checksum(fingerprint: &str, cell: &str) -> String {
    let digest = Sha256::digest(format!("{fingerprint}\n{cell}"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Files of cells, by number; other files are nobody's business.
fn numbered(folder: &Path) -> Result<BTreeMap<usize, PathBuf>, Error> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(source) => return Err(Error::Write { path: folder.into(), source }),
    };
    let numbered = entries.flatten().filter_map(|entry| {
        let name = entry.file_name();
        let number = name.to_str()?.strip_prefix("cell-")?.strip_suffix(".json")?.parse().ok()?;
        (name.to_str() == Some(name_of(number).as_str())).then(|| (number, entry.path()))
    });
    Ok(numbered.collect())
}

/// What the sweep is whose cells are in a directory.
pub fn read_head(directory: &Path) -> Option<Head> {
    read(&folder(directory).join("grid.json"))
}

/// The parts that were begun in a directory.
pub fn begun_parts(directory: &Path, fingerprint: &str) -> Vec<String> {
    let files = std::fs::read_dir(folder(directory)).into_iter().flatten().flatten();
    let files = files.filter(|file| file.file_name().to_string_lossy().starts_with("part-"));
    let begun = files.filter_map(|file| read::<BegunPart>(&file.path()));
    begun.filter(|begun| begun.fingerprint == fingerprint).map(|begun| begun.part).collect()
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_slice(&std::fs::read(path).ok()?).ok()
}

/// Cells of the sweep with this fingerprint, and whatever else is called like one.
pub fn read_cells(directory: &Path, fingerprint: &str) -> Result<Found, Error> {
    let mut found = Found::default();
    for (number, path) in numbered(&folder(directory))? {
        match read_cell(&path, number, fingerprint) {
            Read::Cell(cell) => drop(found.cells.insert(number, *cell)),
            Read::Damaged => found.damaged.push(path),
            Read::Foreign => found.foreign.push(path),
        }
    }
    Ok(found)
}

fn read_cell(path: &Path, number: usize, fingerprint: &str) -> Read {
    let Some(stored) = read::<StoredCell>(path) else { return Read::Damaged };
    let text = stored.cell.get();
    if checksum(&stored.fingerprint, text) != stored.sha256 {
        return Read::Damaged;
    }
    match serde_json::from_str::<Cell>(text) {
        _ if stored.fingerprint != fingerprint => Read::Foreign,
        Ok(cell) if cell.cell == number => Read::Cell(Box::new(cell)),
        _ => Read::Damaged,
    }
}
