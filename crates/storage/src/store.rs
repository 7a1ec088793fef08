//! The one interface that every store has.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use softhello_ctap::{CredentialId, Handle, Query};

use crate::{
    Change, ChangeSet, ContainerId, ContainerState, Report, StoreError, StoredCredential, Versioned,
};

/// The answer of a store: at once, or later.
///
/// An embedded engine reads in the caller's thread, so its reads are there at once and cost no allocation.
#[must_use = "a reply does nothing unless it is awaited"]
pub enum Reply<'a, T> {
    /// The answer, until it is taken.
    Ready(Option<Result<T, StoreError>>),
    /// Something that will have the answer.
    Later(Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>),
}

impl<T> Reply<'_, T> {
    pub(crate) fn ready(result: Result<T, StoreError>) -> Self {
        Self::Ready(Some(result))
    }
}

// Nothing in a reply is ever pinned: the future is behind a pointer and the answer is moved out.
impl<T> Unpin for Reply<'_, T> {}

impl<T> Future for Reply<'_, T> {
    type Output = Result<T, StoreError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Ready(result) => {
                Poll::Ready(result.take().expect("a reply is not polled after its answer"))
            }
            Self::Later(future) => future.as_mut().poll(context),
        }
    }
}

/// Containers, durably kept.
///
/// Every method may fail with [`StoreError::Damaged`] if a record it needs is, with [`StoreError::Engine`] if the
/// engine fails, and those that take a container with [`StoreError::NoContainer`]. Those that write may fail with
/// [`StoreError::ReadOnly`] and [`StoreError::Closed`].
pub trait Store: Send + Sync {
    /// All containers except [`DIRECTORY`](crate::DIRECTORY), in the order of their ids.
    fn containers(&self) -> Reply<'_, Vec<ContainerId>>;

    /// The state of a container. The revision is that of the PIN and the sealing key.
    fn state(&self, container: ContainerId) -> Reply<'_, Versioned<ContainerState>>;

    /// One document.
    fn document(&self, container: ContainerId, name: &str) -> Reply<'_, Option<Versioned<Vec<u8>>>>;

    /// All documents whose name begins with `prefix`, in the order of their names.
    fn documents(&self, container: ContainerId, prefix: &str)
    -> Reply<'_, Vec<(String, Versioned<Vec<u8>>)>>;

    /// The stored credentials that `query` names, newest first ([`Query::Ids`]: in the order of the list).
    ///
    /// [`Query::All`] never fails because of a damaged credential: it names all that can be named, and [`Store::load`]
    /// fails for those that are damaged. Fewer than [`Store::count`] are found if what names one is damaged too.
    fn find(&self, container: ContainerId, query: Query<'_>) -> Reply<'_, Vec<Handle>>;

    /// One credential. [`StoreError::NotFound`] if there is none of this id.
    fn load(&self, container: ContainerId, id: &CredentialId) -> Reply<'_, Versioned<StoredCredential>>;

    /// How many credentials the container holds.
    fn count(&self, container: ContainerId) -> Reply<'_, u32>;

    /// The last count of this id that was handed out, 0 if none was.
    fn counter(&self, container: ContainerId, id: &CredentialId) -> Reply<'_, u32>;

    /// The last counts of all ids of which one was handed out, in the order of the ids.
    fn counters(&self, container: ContainerId) -> Reply<'_, Vec<(CredentialId, u32)>>;

    /// The next count of this id, 1 at first. Never the same twice, also after a crash; then it may skip some.
    ///
    /// The id need not be that of a stored credential.
    fn next_count(&self, container: ContainerId, id: &CredentialId) -> Reply<'_, u32>;

    /// The last operation number that was handed out, 0 if none was.
    fn operation(&self, container: ContainerId) -> Reply<'_, u64>;

    /// The container's next operation number, 1 at first. Never the same twice, also after a crash or a reset.
    fn next_operation(&self, container: ContainerId) -> Reply<'_, u64>;

    /// Applies all of `changes` or none, durably before it answers.
    ///
    /// The changes are handed over at once: they may be applied also if the reply is dropped. Reads may see them a
    /// moment before they are durable.
    ///
    /// Fails with what the variants of [`Change`] and [`Guard`](crate::Guard) name.
    fn commit(&self, container: ContainerId, changes: ChangeSet) -> Reply<'_, ()>;

    /// As [`Store::commit`] of [`Change::UvRetries`], without a change set: every ceremony does this twice.
    fn set_uv_retries(&self, container: ContainerId, retries: u8) -> Reply<'_, ()> {
        self.commit(container, ChangeSet::one(Change::UvRetries(retries)))
    }

    /// Walks over every record and lists those that are damaged or do not fit the others.
    ///
    /// Commits of others meanwhile can make it report what is not so.
    fn check(&self) -> Reply<'_, Report>;

    /// Writes back what was leased, so that a clean exit skips no count. Afterwards nothing can be written.
    ///
    /// Closing twice is closing once. Dropping the store closes it.
    ///
    /// # Errors
    ///
    /// [`StoreError::ReadOnly`] or [`StoreError::Engine`] if it could not be written. Nothing acknowledged is lost then.
    fn close(&self) -> Result<(), StoreError>;
}
