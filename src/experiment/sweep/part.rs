//! Parts of a sweep that may run on different machines.

use std::fmt;
use std::str::FromStr;

/// Every `of`-th cell, beginning with number `number`, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    number: u32,
    of: u32,
}

/// More parts than there can be cells.
const MOST_PARTS: u32 = 10_000;

impl Part {
    /// The whole sweep.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// Whether a cell, numbered from 0, belongs to it.
    pub fn holds(&self, cell: usize) -> bool {
        cell % self.of as usize + 1 == self.number as usize
    }

    /// Whether it is everything.
    pub fn is_whole(&self) -> bool {
        self.of == 1
    }

    /// All parts that there are beside and with this one.
    pub fn siblings(&self) -> impl Iterator<Item = Self> {
        let of = self.of;
        (1..=of).map(move |number| Self { number, of })
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair =
            text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match pair {
            Some((number, of)) if (1..=MOST_PARTS).contains(&of) && (1..=of).contains(&number) => {
                Ok(Self { number, of })
            }
            Some((_, of)) if (1..=MOST_PARTS).contains(&of) => {
                Err(format!("there is no such part; parts of {of} are 1/{of} to {of}/{of}"))
            }
            _ => Err(format!("write I/N, such as 1/4, with N from 1 to {MOST_PARTS}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_out_the_cells() {
        let parts: Vec<Part> = "2/3".parse::<Part>().unwrap().siblings().collect();
        let cells: Vec<Vec<usize>> =
            parts.iter().map(|part| (0..7).filter(|cell| part.holds(*cell)).collect()).collect();
        assert_eq!(cells, [vec![0, 3, 6], vec![1, 4], vec![2, 5]]);
        assert!((0..7).all(|cell| Part::WHOLE.holds(cell)));
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for text in ["0/4", "5/4"] {
            assert!(text.parse::<Part>().unwrap_err().contains("parts of 4 are 1/4 to 4/4"), "{text}");
        }
        for text in ["", "1", "/", "1/", "1/0", "-1/2", "a/b", "1/2/3", "1/99999999999999999999", "1/10001"] {
            assert!(text.parse::<Part>().is_err(), "{text}");
        }
        assert_eq!("3/4".parse::<Part>().unwrap().to_string(), "3/4");
    }
}
