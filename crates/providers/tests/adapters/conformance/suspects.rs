//! Adapters that do one thing wrong, each of which the suite has to find.
