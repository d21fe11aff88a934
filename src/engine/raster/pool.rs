//! Memory of planes that are gone, for those that come.
//!
//! A render makes and drops planes of the same few sizes all the time. Memory that is new from the system costs as much
//! as a whole layer, because each page of it is cleared first; so each thread keeps some of what it was done with.

use std::cell::{Cell, RefCell};
use std::marker::PhantomData;

/// Planes with fewer samples cost nothing.
const SMALLEST: usize = 4096;

/// Samples that a thread keeps at most: 6 MiB.
const MOST: usize = 3 << 19;

/// Planes with as many samples go back to the system when they are gone: 8 MiB.
const LARGE: usize = 2 << 20;

/// As many bytes glibc always takes from the system, and gives back: more than 32 MiB. The largest of what was smaller
/// and given back tells it how much of what is free it may keep, for each thread. Pages that nobody touches take no memory.
pub const NEVER_KEPT: usize = (32 << 20) + 4096;

/// The same while there is [`Room`]: 4 MiB.
const LARGE_IN_ROOM: usize = 1 << 20;

thread_local! {
    static KEPT: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
    static ROOM: Cell<usize> = const { Cell::new(0) };
    static SPACE: Cell<usize> = const { Cell::new(0) };
}

/// While it lives, the thread keeps large planes as well, a number of them, or more of the others. Afterwards all large
/// ones, and what is more than usual of the others, go back to the system for sure, which keeps none for the thread.
pub struct Room {
    planes: usize,
    samples: usize,
    /// It is a thread's own.
    thread: PhantomData<*const ()>,
}

impl Room {
    /// For so many large planes at most.
    pub fn new(planes: usize) -> Self {
        Self::with(planes, 0)
    }

    /// For so many samples in planes that are not large, in place of the usual number.
    pub fn of_samples(samples: usize) -> Self {
        Self::with(0, samples)
    }

    fn with(planes: usize, samples: usize) -> Self {
        ROOM.set(ROOM.get() + planes);
        SPACE.set(SPACE.get() + samples);
        Self {
            planes,
            samples,
            thread: PhantomData,
        }
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        ROOM.set(ROOM.get() - self.planes);
        SPACE.set(SPACE.get() - self.samples);
        KEPT.with_borrow_mut(|kept| {
            let mut room = ROOM.get();
            kept.retain(|it| {
                let stays = !is_large(it) || room > 0;
                room -= usize::from(is_large(it) && room > 0);
                stays
            });
            make_space(kept, 0);
        });
    }
}

/// Whether it is the memory of a large plane.
fn is_large(samples: &Vec<f32>) -> bool {
    samples.capacity() > MOST
}

/// So many samples of any value.
pub fn take(count: usize) -> Vec<f32> {
    let large = match ROOM.try_with(Cell::get) {
        Ok(0) | Err(_) => LARGE,
        Ok(_) => LARGE_IN_ROOM,
    };
    let kept = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        let fitting = kept.iter().enumerate();
        let fitting = fitting.filter(|(_, it)| it.capacity() >= count && count >= SMALLEST);
        let fitting = fitting.filter(|(_, it)| is_large(it) == (count >= large));
        // What was shorter has to be filled.
        let best = fitting.min_by_key(|(_, it)| (it.len() < count, it.capacity()));
        let best = best.map(|(i, _)| i);
        best.map(|i| kept.remove(i))
    });
    let mut samples = kept.ok().flatten().unwrap_or_default();
    if samples.capacity() == 0 {
        // Zeros of a new allocation are free.
        let size = match count >= large {
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

/// Keeps the memory of samples that nobody needs any more, in place of what was kept longest if there is too
/// much. Large planes are kept in [`Room`] alone.
pub fn give(samples: Vec<f32>) {
    let size = samples.capacity();
    if size < SMALLEST {
        return;
    }
    // A thread that ends keeps nothing.
    let _ = KEPT.try_with(|kept| {
        let mut kept = kept.borrow_mut();
        if is_large(&samples) {
            if kept.iter().filter(|it| is_large(it)).count() < ROOM.get() {
                kept.push(samples);
            }
            return;
        }
        make_space(&mut kept, size);
        kept.push(samples);
    });
}

/// Drops what was kept longest, until there is space for so many samples more.
fn make_space(kept: &mut Vec<Vec<f32>>, size: usize) {
    // What was needed last is needed again; what came before it may be of sizes that nobody asks for any more.
    let all = kept.iter().filter(|it| !is_large(it)).map(Vec::capacity);
    let most = MOST.max(SPACE.try_with(Cell::get).unwrap_or(0));
    let mut too_many = (all.sum::<usize>() + size).saturating_sub(most);
    kept.retain(|it| {
        let stays = too_many == 0 || is_large(it);
        if !stays {
            too_many = too_many.saturating_sub(it.capacity());
        }
        stays
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

    #[test]
    fn what_nobody_asks_for_makes_room() {
        for _ in 0..100 {
            give(vec![0.0; MOST / 10]);
        }
        // New memory has zeros.
        give(vec![1.0; MOST / 7]);
        assert_eq!(take(MOST / 7)[0], 1.0);
    }

    #[test]
    fn large_planes_are_kept_while_there_is_room() {
        let large_ones = || KEPT.with_borrow(|kept| kept.iter().filter(|it| is_large(it)).count());
        let give_three = || (0..3).for_each(|_| give(vec![0.0; MOST + 1]));
        give_three();
        assert_eq!(large_ones(), 0);
        {
            let _outer = Room::new(1);
            {
                let _inner = Room::new(1);
                give_three();
                assert_eq!(large_ones(), 2);
                // Small planes do not take them.
                assert!(!is_large(&take(SMALLEST)));
                give(take(LARGE_IN_ROOM));
                assert_eq!(large_ones(), 2);
            }
            assert_eq!(large_ones(), 1);
        }
        assert_eq!(large_ones(), 0);
    }

    #[test]
    fn more_is_kept_while_there_is_room_for_samples() {
        let kept = || KEPT.with_borrow(|kept| kept.iter().map(Vec::capacity).sum::<usize>());
        let give_ten = || (0..10).for_each(|_| give(vec![0.0; MOST / 4]));
        {
            let _room = Room::of_samples(2 * MOST);
            give_ten();
            assert!(kept() > MOST && kept() <= 2 * MOST);
        }
        assert!(kept() <= MOST);
        give_ten();
        assert!(kept() <= MOST);
    }
}
