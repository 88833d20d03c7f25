//! Whether two series of measurements differ by more than the machine's own noise.

use crate::bench::numbers::Spread;

/// With fewer rounds nothing is said.
const ROUNDS_MIN: usize = 3;
/// From so many rounds of each side on the test of Mann and Whitney says more than the ranges do.
const TEST_ROUNDS_MIN: usize = 5;
/// A difference that chance makes more seldom than this is real.
const CHANCE_MAX: f64 = 0.05;

/// What stands for or against a difference.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Difference {
    /// Every value of one side lies beyond every value of the other.
    RangesApart,
    /// The ranges overlap, and there are too few rounds for a test.
    RangesOverlap,
    /// The test of Mann and Whitney: chance alone would make as large a difference this often.
    Chance(f64),
    /// There are too few rounds to say anything.
    TooFewRounds,
}

impl Difference {
    /// Compares two series.
    pub fn of(one: &[f64], other: &[f64]) -> Difference {
        let fewer = one.len().min(other.len());
        if fewer >= TEST_ROUNDS_MIN {
            return Difference::Chance(mann_whitney(one, other));
        }
        match (Spread::of(one.iter().copied()), Spread::of(other.iter().copied())) {
            (Some(one), Some(other)) if fewer >= ROUNDS_MIN => {
                if one.max < other.min || other.max < one.min {
                    Difference::RangesApart
                } else {
                    Difference::RangesOverlap
                }
            }
            (_, _) => Difference::TooFewRounds,
        }
    }

    /// Whether it is real, and how that is known.
    pub fn told(self) -> String {
        match self {
            Difference::RangesApart => "yes: ranges apart".to_owned(),
            Difference::RangesOverlap => "no: ranges overlap".to_owned(),
            Difference::Chance(chance) if chance < CHANCE_MAX => format!("yes: Mann-Whitney p {chance:.3}"),
            Difference::Chance(chance) => format!("no: Mann-Whitney p {chance:.2}"),
            Difference::TooFewRounds => "too few rounds".to_owned(),
        }
    }
}

/// How often chance alone would part two series as much as these, to either side; exact, and ties count half.
fn mann_whitney(one: &[f64], other: &[f64]) -> f64 {
    let pairs = (one.len() * other.len()) as f64;
    let half_wins: u32 = one
        .iter()
        .flat_map(|a| other.iter().map(move |b| a.total_cmp(b)))
        .map(|order| match order {
            std::cmp::Ordering::Greater => 2,
            std::cmp::Ordering::Equal => 1,
            std::cmp::Ordering::Less => 0,
        })
        .sum();
    let wins = f64::from(half_wins) / 2.0;
    let smaller = wins.min(pairs - wins).ceil() as usize;
    let ways = ways(one.len(), other.len());
    let all: f64 = ways.iter().sum();
    let tail: f64 = ways.iter().take(smaller + 1).sum();
    (2.0 * tail / all).min(1.0)
}

/// In how many orders of so many of each side the first wins 0, 1, 2, … of all pairs.
fn ways(ones: usize, others: usize) -> Vec<f64> {
    // For each number of the first side: the ways by their wins, one value after the other put at the upper end.
    let mut by_ones: Vec<Vec<f64>> = (0..=ones).map(|_| vec![0.0; ones * others + 1]).collect();
    if let Some(none) = by_ones.first_mut() {
        none[0] = 1.0;
    }
    // Choosing places 0 ..= others for each value of the first side, in order, adds the place to its wins.
    for place in 0..=others {
        for chosen in 1..=ones {
            let (before, from) = by_ones.split_at_mut(chosen);
            let (Some(fewer), Some(these)) = (before.last(), from.first_mut()) else { continue };
            for wins in place..these.len() {
                these[wins] += fewer[wins - place];
            }
        }
    }
    by_ones.pop().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Difference, mann_whitney, ways};

    #[test]
    fn the_ways_of_two_against_two_are_those_of_the_book() {
        assert_eq!(ways(2, 2), [1.0, 1.0, 2.0, 1.0, 1.0]);
        assert_eq!(ways(5, 5).iter().sum::<f64>(), 252.0);
    }

    #[test]
    fn chance_parts_five_from_five_once_in_a_hundred_and_twenty_six() {
        let (low, high) = ([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0]);
        assert!((mann_whitney(&low, &high) - 2.0 / 252.0).abs() < 1e-9);
        assert_eq!(mann_whitney(&low, &high), mann_whitney(&high, &low));
        assert_eq!(mann_whitney(&low, &low), 1.0);
    }

    #[test]
    fn few_rounds_are_compared_by_their_ranges_and_very_few_not_at_all() {
        assert_eq!(Difference::of(&[1.0, 2.0, 3.0], &[4.0, 5.0, 6.0]), Difference::RangesApart);
        assert_eq!(Difference::of(&[1.0, 2.0, 4.0], &[4.0, 5.0, 6.0]), Difference::RangesOverlap);
        assert_eq!(Difference::of(&[1.0], &[4.0]), Difference::TooFewRounds);
    }
}
