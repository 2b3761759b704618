//! Settings as they are now.

use std::fmt;
use std::sync::Arc;

/// One slice of the configuration, read at each use: what it returns follows every reload. Cheap to clone.
pub struct Live<T: ?Sized>(Arc<dyn Fn() -> Arc<T> + Send + Sync>);

impl<T> Live<T> {
    /// Returns a slice that the given function cuts from the current configuration.
    pub fn new(current: impl Fn() -> Arc<T> + Send + Sync + 'static) -> Self {
        Self(Arc::new(current))
    }

    /// Returns a slice that never changes.
    #[must_use]
    pub fn fixed(value: T) -> Self
    where
        T: Send + Sync + 'static,
    {
        let value = Arc::new(value);
        Self::new(move || Arc::clone(&value))
    }

    /// Returns the settings of this moment.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        (self.0)()
    }
}

impl<T: ?Sized> Clone for Live<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> fmt::Debug for Live<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Live<{}>", std::any::type_name::<T>())
    }
}
