//! A tuple of a network security group's flow log, version 2: time in seconds, source, destination, their ports, protocol T or U,
//! direction I or O, decision A or D, state B, C or E, then packets and bytes sent and received since the entry before.
//!
//! "Flow logging for network security groups", Azure Network Watcher. Version 1 tells no ends.

use super::{Entry, State, check_direction, conversation, fields, packets};
use crate::flow::Protocol;
use crate::import::decimal::micros;

/// The fields of a tuple of version 1, which has no state.
const FIELDS_OF_VERSION_1: usize = 8;

/// The entry of a tuple.
pub fn entry(text: &str) -> Result<Entry, String> {
    if text.split(',').count() == FIELDS_OF_VERSION_1 {
        return Err("holds a tuple of version 1, which tells no begin and no end; version 2 is read".into());
    }
    let [time, source, destination, source_port, towards, letter, direction, decision, state, _, _, back, _] =
        fields(text, "security group's flow log of version 2")?;
    check_direction(direction)?;
    let protocol = match letter {
        "T" => Protocol::Tcp,
        "U" => Protocol::Udp,
        _ => return Err(format!("has the protocol \"{letter}\"; allowed is T or U")),
    };
    let who = conversation(Some(protocol), [source, destination, source_port, towards])?;
    let state = match decision {
        "A" => State::of(state)?,
        "D" => State::Denied,
        _ => return Err(format!("has the decision \"{decision}\"; allowed is A or D")),
    };
    Ok(Entry { time_us: micros(time)?, who, state, packets_back: packets(back)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUPLE: &str = "1542110379,10.5.16.4,13.67.143.117,59932,443,T,O,A,E,1,66,2,66";

    #[test]
    fn a_tuple_is_read_to_the_second() {
        let read = entry(TUPLE).unwrap();
        assert_eq!((read.time_us, read.state), (1_542_110_379_000_000, State::End));
        assert_eq!((read.who.protocol, read.packets_back), (Some(Protocol::Tcp), Some(2)));
        assert_eq!(entry(&TUPLE.replace("A,E,1,66,2,66", "D,B,,,,")).unwrap().state, State::Denied);
    }

    #[test]
    fn each_bad_field_is_named() {
        for (field, bad, message) in [
            (",T,", ",6,", "has the protocol \"6\"; allowed is T or U"),
            (",A,", ",R,", "has the decision \"R\"; allowed is A or D"),
            (",E,1,66,2,66", "", "holds a tuple of version 1"),
            (",E,", ",F,", "has the flow state \"F\""),
        ] {
            let error = entry(&TUPLE.replace(field, bad)).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
