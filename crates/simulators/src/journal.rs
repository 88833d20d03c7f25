//! Records in memory with a bound: the newest stay.

use std::collections::VecDeque;

/// The newest records, each with a number that never changes.
pub(crate) struct Journal<T> {
    records: VecDeque<T>,
    first: u64,
    records_max: usize,
}

impl<T> Journal<T> {
    /// An empty journal that keeps at most so many records, at least one.
    pub(crate) fn new(records_max: usize) -> Self {
        Self { records: VecDeque::new(), first: 0, records_max: records_max.max(1) }
    }

    /// Adds a record and answers its number, and the number and content of the one that had to go.
    pub(crate) fn push(&mut self, record: T) -> (u64, Option<(u64, T)>) {
        let evicted = if self.records.len() >= self.records_max { self.pop_oldest() } else { None };
        self.records.push_back(record);
        (self.first + self.records.len() as u64 - 1, evicted)
    }

    /// Takes out the oldest record.
    pub(crate) fn pop_oldest(&mut self) -> Option<(u64, T)> {
        let record = self.records.pop_front()?;
        let number = self.first;
        self.first += 1;
        Some((number, record))
    }

    /// The record of this number, unless it had to go.
    pub(crate) fn get(&self, number: u64) -> Option<&T> {
        self.records.get(self.offset(number)?)
    }

    /// The record of this number, to be changed.
    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let offset = self.offset(number)?;
        self.records.get_mut(offset)
    }

    /// Every record, oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.records.iter()
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    fn offset(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }
}
