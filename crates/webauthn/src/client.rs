//! The client: a page's origin and how it got there.

use std::{fmt, sync::Arc};

use rand::Rng as _;
use serde_json::Value;
use softhello_ctap::{Authenticator, Channel};

use crate::{
    Failure, InvalidOrigin, Origin, PinEntry, RelatedOrigins,
    client_data::{Ceremony, ClientData},
    connection::Connection,
    rp_id::{self, RpIdSteps},
};

/// A page in a browser, as far as WebAuthn asks about it.
///
/// Its ceremonies are [`Client::create`] and [`Client::get`]; each takes the authenticator it is to use.
#[derive(Clone)]
pub struct Client {
    origin: Origin,
    top_origin: Option<Origin>,
    cross_origin: bool,
    further_members: Vec<(String, Value)>,
    related_origins: Option<Arc<dyn RelatedOrigins>>,
    channel: Channel,
    pin_entry: Option<Arc<dyn PinEntry>>,
    random: Arc<Random>,
}

/// Fills its argument with random bytes.
pub(crate) type Random = dyn Fn(&mut [u8]) + Send + Sync;

impl Client {
    /// A page of this origin, in a top-level document.
    ///
    /// # Errors
    ///
    /// [`InvalidOrigin`] if `origin` is not one, as `https://example.org`. An origin that may not use WebAuthn, as
    /// `http://example.org` or `https://127.0.0.1`, is one: its ceremonies fail with `SecurityError`.
    pub fn new(origin: &str) -> Result<Self, InvalidOrigin> {
        Ok(Self {
            origin: Origin::parse(origin)?,
            top_origin: None,
            cross_origin: false,
            further_members: Vec::new(),
            related_origins: None,
            channel: Channel::default(),
            pin_entry: None,
            random: Arc::new(|out| rand::rng().fill_bytes(out)),
        })
    }

    /// The page stands in a frame below a document of this origin: `crossOrigin` is true and `topOrigin` is given.
    ///
    /// # Errors
    ///
    /// [`InvalidOrigin`] if `origin` is not one.
    pub fn top_origin(mut self, origin: &str) -> Result<Self, InvalidOrigin> {
        self.top_origin = Some(Origin::parse(origin)?);
        self.cross_origin = true;
        Ok(self)
    }

    /// Sets `crossOrigin`, that is, whether the page is in a frame that is not same-origin with its ancestors. With
    /// `false` a top origin is left out as well.
    #[must_use]
    pub fn cross_origin(mut self, cross_origin: bool) -> Self {
        self.cross_origin = cross_origin;
        self
    }

    /// Further members for client data, in this order after the specification's own; of these five none is replaced.
    ///
    /// Source: WebAuthn Level 3 §5.8.1, "may be extended in the future".
    #[must_use]
    pub fn further_members<N: Into<String>, V: Into<Value>>(
        mut self,
        members: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.further_members = members.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        self
    }

    /// Lets RP IDs of other sites be used where those sites name this origin. Without a fetcher they are refused.
    #[must_use]
    pub fn related_origins(mut self, related_origins: impl RelatedOrigins + 'static) -> Self {
        self.related_origins = Some(Arc::new(related_origins));
        self
    }

    /// The channel that requests come from.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.channel = channel;
        self
    }

    /// Who types the PIN of an authenticator that leaves that to its platform, as security keys do. Without anybody
    /// such an authenticator is used as far as it goes without its PIN.
    ///
    /// A [`PinHash`](crate::PinHash) is one that is typed once in a ceremony.
    #[must_use]
    pub fn pin_entry(mut self, pin_entry: impl PinEntry + 'static) -> Self {
        self.pin_entry = Some(Arc::new(pin_entry));
        self
    }

    /// Where random bytes come from, for keys that are agreed on with an authenticator and for nonces; the operating
    /// system if nothing else is said.
    #[must_use]
    pub fn random(mut self, random: impl Fn(&mut [u8]) + Send + Sync + 'static) -> Self {
        self.random = Arc::new(random);
        self
    }

    /// The page's origin.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    pub(crate) fn rp_id<'a>(
        &'a self,
        requested: Option<&'a str>,
        steps: &RpIdSteps,
    ) -> Result<&'a str, Failure> {
        rp_id::determine(requested, &self.origin, self.related_origins.as_deref(), steps)
    }

    /// Whether the page may use this RP ID, as the signal methods ask before they do anything.
    ///
    /// Source: WebAuthn Level 3 §5.1.10, "if rpId is not valid for the origin, reject with SecurityError".
    ///
    /// # Errors
    ///
    /// [`Failure`] with `SecurityError` if it may not.
    pub fn check_rp_id(&self, rp_id: &str) -> Result<(), Failure> {
        self.rp_id(Some(rp_id), &crate::get::RP_ID_STEPS).map(drop)
    }

    /// Serialized client data.
    pub(crate) fn client_data_json(&self, ceremony: Ceremony, challenge: &[u8]) -> String {
        ClientData {
            ceremony,
            challenge,
            origin: self.origin.as_str(),
            cross_origin: self.cross_origin,
            top_origin: self.top_origin.as_ref().map(Origin::as_str),
            further: &self.further_members,
        }
        .to_json()
    }

    pub(crate) fn connect<'a, A: Authenticator>(&'a self, authenticator: &'a mut A) -> Connection<'a, A> {
        Connection::new(authenticator, self.channel, &*self.random)
    }

    pub(crate) fn who_enters_pins(&self) -> Option<&dyn PinEntry> {
        self.pin_entry.as_deref()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("origin", &self.origin)
            .field("top_origin", &self.top_origin)
            .field("cross_origin", &self.cross_origin)
            .field("further_members", &self.further_members)
            .field("related_origins", &self.related_origins.is_some())
            .field("channel", &self.channel)
            .field("pin_entry", &self.pin_entry.is_some())
            .finish_non_exhaustive()
    }
}

/// Which credential answers where several could.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// The one that the authenticator answers with first: by CTAP the newest, of the allowed ones as of the
    /// discoverable ones.
    #[default]
    Newest,
    /// The one of this id, as a person picks it from a list; no other signs. The ceremony fails if it could not have
    /// answered.
    Credential(Vec<u8>),
}
