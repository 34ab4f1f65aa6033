//! Shoper and SARE as they behave, faults included, and a world that drives them.
