//! Addresses replaced by others that keep prefixes: two that share their first bits still do, and share no more.
//!
//! J. Xu, J. Fan, M. H. Ammar, S. B. Moon, "Prefix-preserving IP address anonymization", ICNP 2002 (Crypto-PAn), with AES-128. What reading
//! a trace asks of an address stays true: private addresses of RFC 1918 and those that are nobody's are replaced among themselves.
//!
//! Leaves out ports, times and lengths, which stay as they are: who knows some of the traffic can find it again.

use super::filter::NOT_UNICAST;
use super::{TraceFlow, private_prefixes};
use aes::Aes128;
use aes::cipher::{BlockEncrypt, KeyInit};
use ipnet::Ipv4Net;
use sha2::{Digest, Sha256};
use std::net::Ipv4Addr;

/// Bytes of a key: those of AES-128, and the block that pads a prefix.
pub const KEY_BYTES: usize = 32;

/// Replaces addresses; equal keys replace alike.
pub struct Anonymizer {
    cipher: Aes128,
    pad: u128,
    /// Prefixes whose bits stay, so that addresses stay in them or out of them.
    kept: Vec<Ipv4Net>,
}

impl Anonymizer {
    /// With a key made of the bytes of a secret.
    pub fn of_secret(secret: &[u8]) -> Self {
        Self::of_key(&Sha256::digest(secret).into())
    }

    /// With this key.
    pub fn of_key(key: &[u8; KEY_BYTES]) -> Self {
        let nobodys =
            NOT_UNICAST.map(|(address, length)| Ipv4Net::new_assert(Ipv4Addr::from(address), length));
        let kept = private_prefixes().into_iter().chain(nobodys).collect();
        let (cipher_key, pad) = key.split_at(KEY_BYTES / 2);
        let cipher = Aes128::new(cipher_key.into());
        let pad = encrypted(&cipher, u128::from_be_bytes(pad.try_into().expect("half a key is 16 bytes")));
        Self { cipher, pad, kept }
    }

    /// The address in the place of `address`.
    pub fn address(&self, address: Ipv4Addr) -> Ipv4Addr {
        let bits = u32::from(address);
        let flips =
            (0..32).fold(0, |flips, length| flips | u32::from(self.flips(bits, length)) << (31 - length));
        Ipv4Addr::from(bits ^ flips)
    }

    /// The prefix in the place of `prefix`: its addresses are those in the place of the addresses there.
    pub fn prefix(&self, prefix: Ipv4Net) -> Ipv4Net {
        let address = self.address(prefix.network());
        Ipv4Net::new_assert(address, prefix.prefix_len()).trunc()
    }

    /// The flow between the addresses in the place of its own.
    pub fn flow(&self, flow: TraceFlow) -> TraceFlow {
        TraceFlow { source: self.address(flow.source), destination: self.address(flow.destination), ..flow }
    }

    /// Whether the bit behind the first `length` bits of `bits` is turned: it depends on nothing else.
    fn flips(&self, bits: u32, length: u8) -> bool {
        let first = |bits: u32| bits & !(u32::MAX >> length);
        let leads_to =
            |kept: &Ipv4Net| kept.prefix_len() > length && first(u32::from(kept.network())) == first(bits);
        if self.kept.iter().any(leads_to) {
            return false;
        }
        // The prefix, then the pad from its place on.
        let padded = u128::from(first(bits)) << 96 | self.pad & (u128::MAX >> length);
        encrypted(&self.cipher, padded) >> 127 == 1
    }
}

fn encrypted(cipher: &Aes128, block: u128) -> u128 {
    let mut bytes = block.to_be_bytes().into();
    cipher.encrypt_block(&mut bytes);
    u128::from_be_bytes(bytes.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn address(text: &str) -> Ipv4Addr {
        text.parse().unwrap()
    }

    /// Key and addresses of the sample that comes with the authors' own program.
    #[test]
    fn without_prefixes_to_keep_it_is_crypto_pan() {
        let key = [
            21, 34, 23, 141, 51, 164, 207, 128, 19, 10, 91, 22, 73, 144, 125, 16, 216, 152, 143, 131, 121,
            121, 101, 39, 98, 87, 76, 45, 42, 132, 34, 2,
        ];
        let plain = Anonymizer { kept: Vec::new(), ..Anonymizer::of_key(&key) };
        for (original, expected) in [
            ("128.11.68.132", "135.242.180.132"),
            ("129.118.74.4", "134.136.186.123"),
            ("130.132.252.244", "133.68.164.234"),
            ("141.223.7.43", "141.167.8.160"),
            ("141.233.145.108", "141.129.237.235"),
            ("152.163.225.39", "151.140.114.167"),
            ("156.29.3.236", "147.225.12.42"),
        ] {
            assert_eq!(plain.address(address(original)), address(expected), "{original}");
        }
    }

    #[test]
    fn the_key_decides_and_nothing_else() {
        let replaced = |secret: &[u8]| Anonymizer::of_secret(secret).address(address("203.0.113.9"));
        assert_eq!(replaced(b"one"), replaced(b"one"));
        assert_ne!(replaced(b"one"), replaced(b"other"));
    }

    /// Bits that two addresses share from the first on.
    fn shared(one: Ipv4Addr, other: Ipv4Addr) -> u32 {
        (u32::from(one) ^ u32::from(other)).leading_zeros()
    }

    proptest! {
        #[test]
        fn addresses_share_as_many_bits_as_before(secret: u64, one: u32, other: u32, near in 0u32..32) {
            let anonymizer = Anonymizer::of_secret(&secret.to_le_bytes());
            let one = Ipv4Addr::from(one);
            for other in [Ipv4Addr::from(other), Ipv4Addr::from(u32::from(one) ^ 1 << near)] {
                prop_assert_eq!(shared(anonymizer.address(one), anonymizer.address(other)), shared(one, other));
            }
        }

        #[test]
        fn addresses_stay_in_prefixes_and_out_of_them(secret: u64, any: u32, length in 0u8..=32, prefix: u32) {
            let anonymizer = Anonymizer::of_secret(&secret.to_le_bytes());
            let any = Ipv4Addr::from(any);
            for kept in &anonymizer.kept {
                prop_assert_eq!(anonymizer.prefix(*kept), *kept);
                prop_assert_eq!(kept.contains(&any), kept.contains(&anonymizer.address(any)));
            }
            let prefix = Ipv4Net::new_assert(Ipv4Addr::from(prefix), length).trunc();
            let replaced = anonymizer.prefix(prefix);
            prop_assert_eq!(prefix.contains(&any), replaced.contains(&anonymizer.address(any)));
        }
    }
}
