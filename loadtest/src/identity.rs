//! Identities of generated orders. They look like random UUIDs, and the number of the order can be
//! computed from them.
//!
//! So a run needs no list of what it has sent. The lower half of an identity is the number, mixed
//! one to one; the upper half is drawn by the number, and distinguishes identities of this run from
//! all others.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

#[derive(Debug, Clone)]
pub(crate) struct Identities {
    random: ChaCha8Rng,
    key: u64,
}

/// The bits of the lower half that are not the variant of a UUID.
const LOWER: u64 = u64::MAX >> 2;
/// The bits of the upper half that are not the version of a UUID.
const UPPER: u64 = !0xf000;
/// Odd, so that multiplying by it can be undone; its inverse modulo 2^62 undoes it.
const SPREAD: u64 = 0x1e37_79b9_7f4a_7c15;
const GATHER: u64 = 0x71de_83e1_9937_733d;

impl Identities {
    pub(crate) fn new(seed: u64, run: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&run.to_le_bytes());
        let mut random = ChaCha8Rng::from_seed(bytes);
        let key = random.next_u64() & LOWER;
        Self { random, key }
    }

    fn upper(&self, number: u64) -> u64 {
        let mut random = self.random.clone();
        // Stream 0 gave the key; numbers begin with 1.
        random.set_stream(number);
        random.next_u64() & UPPER
    }

    /// Numbers count from 1.
    pub(crate) fn of(&self, number: u64) -> Uuid {
        let mut lower = number ^ self.key;
        lower ^= lower >> 31;
        lower = lower.wrapping_mul(SPREAD) & LOWER;
        lower ^= lower >> 31;
        let bits = u128::from(self.upper(number)) << 64 | u128::from(lower);
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }

    /// `None` for an identity of another run.
    pub(crate) fn number_of(&self, id: Uuid) -> Option<u64> {
        let (upper, lower) = id.as_u64_pair();
        let mut number = lower & LOWER;
        number ^= number >> 31;
        number = number.wrapping_mul(GATHER) & LOWER;
        number ^= number >> 31;
        number ^= self.key;
        (number > 0 && self.upper(number) == upper & UPPER).then_some(number)
    }
}

#[cfg(test)]
mod tests;
