//! Values that threads share behind a lock. A panic on another thread leaves none of those of this program half-changed,
//! so that a lock held meanwhile counts as any other.

use std::sync::{LockResult, Mutex, MutexGuard, PoisonError};

/// The guarded value, once no other thread holds it.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    unpoisoned(mutex.lock())
}

/// What a lock gives, whether or not a thread that held it panicked.
pub(crate) fn unpoisoned<T>(given: LockResult<T>) -> T {
    given.unwrap_or_else(PoisonError::into_inner)
}
