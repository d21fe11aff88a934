//! Plain loops, compiled for the widest registers of the processor they run on.

/// Does some work in loops that are as wide as the processor allows: `wide!({ … })`, a block into which all that it uses
/// is moved.
///
/// Each sample is computed by itself with the same operations in the same order for any width, so that all processors
/// agree to the bit.
///
/// What the work needs is best a value of its own: what is behind two references is read again for each sample, one after
/// the other.
// A macro, as the closure has to be inlined: a compiler need not do so otherwise, and makes narrow loops for the oldest
// processors of what stays by itself. It takes `once` with it so that it can be called but once: of what can be called more
// often, what is called is a function around it.
macro_rules! wide {
    ($work:block) => {{
        let once = crate::engine::raster::Once;
        pulp::Arch::new().dispatch(
            #[inline(always)]
            move || {
                let _gone = once;
                $work
            },
        )
    }};
}

/// What can be given away once.
pub struct Once;

/// So many values from a place on, which have to be there, as an array: a loop over it takes them together and looks none
/// of them up by itself.
#[inline(always)]
pub fn lanes<const N: usize, T>(values: &[T], at: usize) -> &[T; N] {
    values[at..].first_chunk().expect("as many are left")
}

pub(crate) use wide;
