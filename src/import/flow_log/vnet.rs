//! A tuple of a virtual network's flow log, version 4: time in milliseconds, source, destination, their ports, protocol number,
//! direction I or O, state B, C, E or D, encryption, then packets and bytes sent and received since the entry before.
//!
//! "Virtual network flow logs", Azure Network Watcher.

use super::{Entry, State, check_direction, conversation, fields, packets};
use crate::flow::Protocol;
use crate::import::decimal::micros;

/// IANA, protocol numbers.
const TCP: &str = "6";

/// IANA, protocol numbers.
const UDP: &str = "17";

/// The entry of a tuple.
pub fn entry(text: &str) -> Result<Entry, String> {
    let [time, source, destination, source_port, towards, number, direction, state, _, _, _, back, _] =
        fields(text, "virtual network's flow log of version 4")?;
    check_direction(direction)?;
    let protocol = match number {
        TCP => Some(Protocol::Tcp),
        UDP => Some(Protocol::Udp),
        number if number.parse::<u8>().is_ok() => None,
        _ => return Err(format!("has the protocol \"{number}\"; allowed is a number such as 6 or 17")),
    };
    let who = conversation(protocol, [source, destination, source_port, towards])?;
    Ok(Entry { time_us: time_us(time)?, who, state: State::of(state)?, packets_back: packets(back)? })
}

/// Milliseconds since the epoch, as microseconds. Seconds would be a day in January 1970.
fn time_us(text: &str) -> Result<i64, String> {
    match micros(&format!("{text}e-3")) {
        Ok(time) if time < 100_000_000_000_000 => {
            Err(format!("has the time \"{text}\"; version 4 writes milliseconds since 1970"))
        }
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUPLE: &str = "1663146003599,10.0.0.6,52.239.184.180,23956,443,6,O,B,NX,0,0,0,0";

    #[test]
    fn a_tuple_is_read_to_the_millisecond() {
        let read = entry(TUPLE).unwrap();
        assert_eq!((read.time_us, read.state), (1_663_146_003_599_000, State::Begin));
        assert_eq!(
            (read.who.protocol, read.who.source_port, read.who.port),
            (Some(Protocol::Tcp), 23956, 443)
        );
        assert_eq!(
            entry(&TUPLE.replace(",6,O,B,NX,", ",17,O,E,X,")).unwrap().who.protocol,
            Some(Protocol::Udp)
        );
        assert_eq!(entry(&TUPLE.replace(",6,O", ",1,O")).unwrap().who.protocol, None);
    }

    #[test]
    fn each_bad_field_is_named() {
        for (field, bad, message) in [
            ("1663146003599", "1663146003", "has the time \"1663146003\"; version 4 writes milliseconds"),
            ("10.0.0.6", "10.0.0", "has \"10.0.0\" in `source`, which is no IP address"),
            ("23956", "70000", "has the port \"70000\""),
            (",6,", ",T,", "has the protocol \"T\"; allowed is a number"),
            (",O,", ",X,", "has the direction \"X\"; allowed is I or O"),
            (",B,", ",A,", "has the flow state \"A\"; allowed is B, C, E or D"),
            ("0,0,0,0", "0,0,few,0", "has \"few\" for a number of packets"),
            (",0,0,0,0", "", "holds a tuple of 9 fields; one of a virtual network's flow log"),
        ] {
            let error = entry(&TUPLE.replace(field, bad)).unwrap_err();
            assert!(error.starts_with(message), "{error}");
        }
    }
}
