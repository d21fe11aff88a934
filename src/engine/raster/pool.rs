//! Memory of planes that are gone, for those that come.
//!
//! A render makes and drops planes of the same few sizes all the time. Memory that is new from the system costs as much
//! as a whole layer, because each page of it is cleared first; so each thread keeps some of what it was done with.

use std::cell::RefCell;

/// Planes with fewer samples cost nothing.
const SMALLEST: usize = 4096;

/// Samples that a thread keeps at most: 6 MiB.
const MOST: usize = 3 << 19;

/// Planes with as many samples go back to the system when they are gone: 8 MiB.
const LARGE: usize = 2 << 20;

/// As many bytes glibc always takes from the system, and gives back: more than 32 MiB. The largest of what was smaller
/// and given back tells it how much of what is free it may keep, for each thread. Pages that nobody touches take no memory.
pub const NEVER_KEPT: usize = (32 << 20) + 4096;

thread_local! {
    static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
}

/// So many samples of any value.
pub fn take(count: usize) -> Vec<f32> {
    let kept = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        let fitting = kept.iter().enumerate();
        let fitting = fitting.filter(|(_, it)| it.capacity() >= count && count >= SMALLEST);
        let smallest = fitting.min_by_key(|(_, it)| it.capacity()).map(|(i, _)| i);
        smallest.map(|i| kept.swap_remove(i))
    });
    let mut samples = kept.ok().flatten().unwrap_or_default();
    if samples.capacity() == 0 {
        // Zeros of a new allocation are free.
        let size = match count >= LARGE {
            true => count.max(NEVER_KEPT / size_of::<f32>()),
            false => count,
        };
        samples = vec![0.0; size];
        samples.truncate(count);
        return samples;
    }
    samples.resize(count, 0.0);
    samples
}

/// Keeps the memory of samples that nobody needs any more, if there is not enough already.
pub fn give(samples: Vec<f32>) {
    let size = samples.capacity();
    if !(SMALLEST..=MOST).contains(&size) {
        return;
    }
    // A thread that ends keeps nothing.
    let _ = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        if kept.iter().map(Vec::capacity).sum::<usize>() + size <= MOST {
            kept.push(samples);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_comes_back_with_as_many_samples_as_are_asked_for() {
        let given = vec![1.0; 9000];
        let place = given.as_ptr();
        give(given);
        let taken = take(8000);
        assert_eq!((taken.as_ptr(), taken.len()), (place, 8000));
        assert_eq!(take(8000).len(), 8000);
        give(taken);
        assert_eq!(take(9000).len(), 9000);
    }

    #[test]
    fn little_is_kept() {
        for _ in 0..100 {
            give(vec![0.0; MOST / 10]);
        }
        let kept = KEPT.with_borrow(|kept| kept.iter().map(Vec::capacity).sum::<usize>());
        assert!(kept <= MOST);
    }
}
