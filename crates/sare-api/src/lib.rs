//! A client of SAREsystem's REST API.
