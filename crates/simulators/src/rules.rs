//! Behaviour chosen at run time, by number or address, before the built-in table is asked.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

/// So many rules at most; further ones push out the oldest.
pub const RULES_MAX: usize = 10_000;
/// So many keys are counted at most; further ones push out the oldest.
const TALLY_KEYS_MAX: usize = 200_000;

/// One rule: whom it is for, what happens, and how often.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule<B> {
    /// Whom the rule is for.
    #[serde(rename = "match")]
    pub target: Target,
    /// What happens.
    pub behaviour: B,
    /// How often it happens before the rule is over; without it, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
}

/// Whom a rule is for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// This very number or address.
    Exact(String),
    /// Whatever ends like this; an empty text means everybody.
    Suffix(String),
}

impl Target {
    fn matches(&self, key: &str) -> bool {
        match self {
            Self::Exact(text) => key == text,
            Self::Suffix(text) => key.ends_with(text.as_str()),
        }
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(_) => f.write_str("Exact(masked)"),
            Self::Suffix(_) => f.write_str("Suffix(masked)"),
        }
    }
}

/// The rules in force; the newest that matches wins.
pub(crate) struct Rules<B> {
    rules: VecDeque<Rule<B>>,
}

impl<B: Copy> Rules<B> {
    /// No rules.
    pub(crate) fn new() -> Self {
        Self { rules: VecDeque::new() }
    }

    /// Adds a rule, and takes out older ones for the same target.
    pub(crate) fn add(&mut self, rule: Rule<B>) {
        self.rules.retain(|known| known.target != rule.target);
        if rule.times == Some(0) {
            return;
        }
        if self.rules.len() >= RULES_MAX {
            self.rules.pop_back();
        }
        self.rules.push_front(rule);
    }

    /// Puts these rules in place of all others; the first of a list wins.
    pub(crate) fn replace(&mut self, rules: Vec<Rule<B>>) {
        self.rules = rules.into_iter().filter(|rule| rule.times != Some(0)).take(RULES_MAX).collect();
    }

    /// What the rules say of this key, which uses up one of the rule's times.
    pub(crate) fn choose(&mut self, key: &str) -> Option<B> {
        let index = self.rules.iter().position(|rule| rule.target.matches(key))?;
        let rule = self.rules.get_mut(index)?;
        let behaviour = rule.behaviour;
        if let Some(times) = &mut rule.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.rules.remove(index);
            }
        }
        Some(behaviour)
    }
}

/// Counts uses by key, for what happens only the first times.
#[derive(Default)]
pub(crate) struct Tally {
    counts: HashMap<String, u32>,
    order: VecDeque<String>,
}

impl Tally {
    /// The number of this use of the key, from 1.
    pub(crate) fn next(&mut self, key: &str) -> u32 {
        if let Some(count) = self.counts.get_mut(key) {
            *count = count.saturating_add(1);
            return *count;
        }
        if self.order.len() >= TALLY_KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.counts.remove(&oldest);
        }
        self.order.push_back(key.to_owned());
        self.counts.insert(key.to_owned(), 1);
        1
    }
}
