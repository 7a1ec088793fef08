//! Origins, as a browser gives them to a page.

use std::fmt;

use url::{Host, Url};

/// The origin of a page: `https` or `http`, a host, and a port unless it is the scheme's own.
///
/// Source: HTML, "origin"; WebAuthn Level 3 §5.1.3 steps 6 and 7.
#[derive(Clone, PartialEq, Eq)]
pub struct Origin {
    serialization: String,
    host: Host,
    https: bool,
}

/// Why text is no origin that WebAuthn can be used from.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidOrigin {
    /// It is not a URL at all.
    #[error(
        "`{origin}` is not an origin ({source}); an origin is a scheme and a host, as `https://example.org`"
    )]
    NotAUrl {
        /// The text.
        origin: String,
        /// What a URL parser says.
        source: url::ParseError,
    },
    /// It has an opaque origin, or one that no page has.
    #[error("`{origin}` is not the origin of a page that can use WebAuthn; that begins with `https://`")]
    Opaque {
        /// The text.
        origin: String,
    },
    /// It goes on after the host and port.
    #[error("`{origin}` is a URL and not an origin; its origin is `{instead}`")]
    MoreThanAnOrigin {
        /// The text.
        origin: String,
        /// The origin in it.
        instead: String,
    },
}

impl Origin {
    /// Reads an origin. Upper-case letters, international domain names and a scheme's own port are brought into the
    /// form that browsers send.
    ///
    /// # Errors
    ///
    /// [`InvalidOrigin`] if it is no URL, has an opaque origin or another scheme than `https` and `http`, or has more
    /// than scheme, host and port: a path, also if it is only `/`, a query, a fragment, a user name.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let origin = || text.to_owned();
        let url = Url::parse(text).map_err(|source| InvalidOrigin::NotAUrl { origin: origin(), source })?;
        let https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(InvalidOrigin::Opaque { origin: origin() }),
        };
        let Some(host) = url.host().map(|host| host.to_owned()) else {
            return Err(InvalidOrigin::Opaque { origin: origin() });
        };
        let serialization = url.origin().ascii_serialization();
        let stray =
            |c: char| matches!(c, '/' | '\\' | '?' | '#' | '@') || c.is_whitespace() || c.is_control();
        // The URL parser forgives white space and missing slashes; an origin has none of that.
        if text.split_once("://").is_none_or(|(scheme, rest)| scheme.contains(stray) || rest.contains(stray))
        {
            return Err(InvalidOrigin::MoreThanAnOrigin { origin: origin(), instead: serialization });
        }
        Ok(Self { serialization, host, https })
    }

    /// The ASCII serialization, as it stands in client data.
    pub fn as_str(&self) -> &str {
        &self.serialization
    }

    /// Whether pages of this origin are secure contexts: `https`, or `http` on `localhost` and names below it.
    ///
    /// Source: Secure Contexts §3.1, "is origin potentially trustworthy?".
    pub(crate) fn is_secure(&self) -> bool {
        let local = |domain: &str| domain == "localhost" || domain.ends_with(".localhost");
        self.https || self.effective_domain().is_some_and(local)
    }

    /// The effective domain, if the host is a domain and not an IP address.
    pub fn effective_domain(&self) -> Option<&str> {
        match &self.host {
            Host::Domain(domain) => Some(domain),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_take_the_form_that_browsers_send() {
        for (text, want, secure) in [
            ("https://example.org", "https://example.org", true),
            ("HTTPS://Example.ORG", "https://example.org", true),
            ("https://example.org:443", "https://example.org", true),
            ("https://example.org:8443", "https://example.org:8443", true),
            ("https://bücher.example", "https://xn--bcher-kva.example", true),
            ("http://localhost:8080", "http://localhost:8080", true),
            ("http://app.localhost", "http://app.localhost", true),
            ("http://notlocalhost", "http://notlocalhost", false),
            ("http://example.org", "http://example.org", false),
            ("http://127.0.0.1", "http://127.0.0.1", false),
            ("https://[::1]:8443", "https://[::1]:8443", true),
        ] {
            let origin = Origin::parse(text).expect(text);
            assert_eq!(origin.as_str(), want);
            assert_eq!(origin.is_secure(), secure, "{text}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_a_hint() {
        for (text, want) in [
            ("", "relative URL without a base"),
            ("example.org", "relative URL without a base"),
            ("https://", "empty host"),
            ("https://exa mple.org", "not an origin"),
            ("localhost:8080", "begins with `https://`"),
            ("null", "not an origin"),
            ("data:text/html,hello", "begins with `https://`"),
            ("file:///etc/passwd", "begins with `https://`"),
            ("android:apk-key-hash:AAAA", "begins with `https://`"),
            ("wss://example.org", "begins with `https://`"),
            ("https://example.org/", "its origin is `https://example.org`"),
            ("https://example.org/login", "its origin is `https://example.org`"),
            ("https://example.org?x", "its origin is `https://example.org`"),
            ("https://example.org#x", "its origin is `https://example.org`"),
            ("https://ada@example.org:444", "its origin is `https://example.org:444`"),
            ("https:example.org", "its origin is `https://example.org`"),
            (" https://example.org", "its origin is `https://example.org`"),
            ("https://example.org\n", "its origin is `https://example.org`"),
        ] {
            let error = Origin::parse(text).expect_err(text).to_string();
            assert!(error.contains(want), "{text}: {error}");
        }
    }
}
