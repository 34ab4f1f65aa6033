//! Exit codes, the same for every command.

/// All went well.
pub const OK: u8 = 0;
/// The command did its work and what it found is not in order (differences, problems, a failed run).
pub const FOUND: u8 = 1;
/// Wrong use, or settings that cannot work. Also what the argument parser uses.
pub const USAGE: u8 = 2;
/// A forced synchronisation would have made someone mailable and did not start.
pub const WOULD_MAIL: u8 = 3;
/// The brake stopped a run; a person must look.
pub const BRAKE: u8 = 4;
/// No such shop or contact.
pub const NOT_FOUND: u8 = 5;
/// A service or the database cannot be reached now; trying later may help.
pub const AWAY: u8 = 6;
