//! Journeys and faults over the whole fleet.
