//! Objects that one image made and another one holds. Their code, including their drop, is in the
//! image that made them, which must stay mapped for longer.

use std::fmt;
use std::ops::{Deref, DerefMut};

/// A value made by an image, together with what keeps that image mapped: the image itself, or
/// something that holds it. The value is always dropped first, whatever the order of fields in the
/// struct around it.
pub struct Lent<T, I> {
    // Fields are dropped in order of declaration, which matters only here; see the test
    // `the_value_goes_before_its_image`.
    value: T,
    image: I,
}

impl<T, I> Lent<T, I> {
    /// A value whose code `image` keeps mapped.
    pub fn new(value: T, image: I) -> Self {
        Self { value, image }
    }

    /// What keeps the code mapped.
    pub fn image(this: &Self) -> &I {
        &this.image
    }

    /// Drops the value; the image is still mapped.
    pub fn give_back(this: Self) -> I {
        drop(this.value);
        this.image
    }

    /// Turns the value into another one from the same images.
    pub fn map<U>(this: Self, change: impl FnOnce(T) -> U) -> Lent<U, I> {
        // If `change` panics, `image` is still dropped last.
        let Self { value, image } = this;
        Lent { value: change(value), image }
    }

    /// Splits it; the caller must drop the image last.
    pub fn into_parts(this: Self) -> (T, I) {
        (this.value, this.image)
    }
}

impl<T, I> Deref for Lent<T, I> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T, I> DerefMut for Lent<T, I> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug, I> fmt::Debug for Lent<T, I> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{self, AssertUnwindSafe};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    /// Mapped until it is dropped.
    struct Image(Arc<AtomicBool>);

    impl Drop for Image {
        fn drop(&mut self) {
            self.0.store(false, Ordering::Relaxed);
        }
    }

    /// Its drop needs the image.
    struct Value {
        mapped: Arc<AtomicBool>,
        sound: Arc<AtomicBool>,
    }

    impl Drop for Value {
        fn drop(&mut self) {
            self.sound.store(self.mapped.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }

    fn lent() -> (Lent<Value, Image>, Arc<AtomicBool>, Arc<AtomicBool>) {
        let (mapped, sound) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicBool::new(false)));
        let value = Value { mapped: mapped.clone(), sound: sound.clone() };
        (Lent::new(value, Image(mapped.clone())), mapped, sound)
    }

    #[test]
    fn the_value_goes_before_its_image() {
        let (lent, mapped, sound) = lent();
        drop(lent);
        assert!(sound.load(Ordering::Relaxed));
        assert!(!mapped.load(Ordering::Relaxed));
    }

    #[test]
    fn what_is_given_back_is_still_mapped() {
        let (lent, mapped, sound) = lent();
        let image = Lent::give_back(lent);
        assert!(sound.load(Ordering::Relaxed) && mapped.load(Ordering::Relaxed));
        drop(image);
    }

    #[test]
    fn a_change_keeps_the_order_even_if_it_panics() {
        let (one, _, sound) = lent();
        drop(Lent::map(one, |value| vec![value]));
        assert!(sound.load(Ordering::Relaxed));
        let (other, _, sound) = lent();
        let changed = panic::catch_unwind(AssertUnwindSafe(|| {
            Lent::map(other, |_value| panic!("while it is changed"));
        }));
        assert!(changed.is_err() && sound.load(Ordering::Relaxed));
    }
}
