//! Work on blocks that is written out for the registers of one processor, and for any other.

use pulp::{Arch, Simd, WithSimd};

/// The widest registers that something is written out for.
#[cfg(target_arch = "x86_64")]
pub type Widest = pulp::x86::V3;
/// Nothing is written out for this kind of processor.
#[cfg(not(target_arch = "x86_64"))]
pub type Widest = Portable;

/// Any processor.
#[derive(Clone, Copy)]
pub struct Portable;

/// Work that is compiled for some registers.
pub trait Work<Lanes> {
    /// What it makes.
    type Made;

    /// Does it.
    fn run(self, lanes: Lanes) -> Self::Made;
}

/// Does some work with the widest registers that there are.
pub fn run<M, W: Work<Widest, Made = M> + Work<Portable, Made = M>>(arch: Arch, work: W) -> M {
    match arch {
        #[cfg(target_arch = "x86_64")]
        Arch::V3(lanes) => Simd::vectorize(lanes, Compiled { lanes, work }),
        // Wider registers hold those.
        #[cfg(target_arch = "x86_64")]
        Arch::V4(wider) => Simd::vectorize(
            *wider,
            Compiled {
                lanes: *wider,
                work,
            },
        ),
        _ => arch.dispatch(Compiled {
            lanes: Portable,
            work,
        }),
    }
}

struct Compiled<L, W> {
    lanes: L,
    work: W,
}

impl<L, W: Work<L>> WithSimd for Compiled<L, W> {
    type Output = W::Made;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> W::Made {
        self.work.run(self.lanes)
    }
}
