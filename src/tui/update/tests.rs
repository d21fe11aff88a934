//! Keys in, state and effects out.
