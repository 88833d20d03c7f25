//! Numbers that look random and are the same for the same seed, on every machine and for ever.

use uuid::{Builder, Uuid};

/// SplitMix64 (Steele, Lea and Flood, 2014): good enough to spread jobs, and nothing here is a secret.
pub struct Random(u64);

impl Random {
    /// The numbers of one job.
    ///
    /// Both are mixed before they meet: states that lie one step apart would give neighbours the same numbers.
    pub fn of(seed: u64, job: u64) -> Self {
        Self(Self(seed).next() ^ Self(!job).next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).expect("it is below a usize")
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of these.
    pub fn one<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    /// A UUID.
    pub fn uuid(&mut self) -> Uuid {
        let bytes = (u128::from(self.next()) << 64) | u128::from(self.next());
        Builder::from_random_bytes(bytes.to_be_bytes()).into_uuid()
    }
}
