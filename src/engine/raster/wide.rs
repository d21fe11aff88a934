//! Plain loops, compiled for the widest registers of the processor they run on.

use pulp::Arch;

/// Does some work in loops that are as wide as the processor allows.
///
/// Each sample is computed by itself with the same operations in the same order for any width, so that all processors
/// agree to the bit.
///
/// What the work needs is best moved into it: what is behind two references is read again for each sample, one after the
/// other.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    Arch::new().dispatch(work)
}
