//! Which RP IDs an origin may use.

use softhello_ctap::Step;
use url::Host;

use crate::{DomException, Failure, Origin, RelatedOrigins, related_origins};

/// The steps of one ceremony that decide about the RP ID; create and get number them differently.
pub(crate) struct RpIdSteps {
    pub(crate) secure_context: &'static Step,
    pub(crate) effective_domain: &'static Step,
    pub(crate) rp_id: &'static Step,
}

/// The RP ID of a ceremony: `requested`, if the origin may use it, or the origin's effective domain.
///
/// # Errors
///
/// `SecurityError` if the origin is not a secure context or has no domain, or may not use `requested`.
pub(crate) fn determine<'a>(
    requested: Option<&'a str>,
    origin: &'a Origin,
    related: Option<&dyn RelatedOrigins>,
    steps: &RpIdSteps,
) -> Result<&'a str, Failure> {
    let refuse = |step, reason| Failure::new(DomException::SecurityError, step, reason);
    let Some(domain) = origin.effective_domain() else {
        return Err(refuse(
            steps.effective_domain,
            format!("the host of `{origin}` is an IP address; passkeys need a domain name, as `localhost`"),
        ));
    };
    if !origin.is_secure() {
        return Err(refuse(
            steps.secure_context,
            format!("`{origin}` is not a secure context; WebAuthn needs https, or http on localhost"),
        ));
    }
    let Some(requested) = requested else { return Ok(domain) };
    // A public suffix is refused even where there is a fetcher: nobody's site answers for it.
    match (registrable_suffix_or_equal(requested, domain), related) {
        (Ok(()), _) => Ok(requested),
        (Err(NotSuffix::Unrelated), Some(related)) => related_origins::validate(related, origin, requested)
            .map(|()| requested)
            .map_err(|reason| refuse(steps.rp_id, reason)),
        (Err(why), _) => Err(refuse(steps.rp_id, why.reason(requested, origin))),
    }
}

/// Why an RP ID does not fit a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NotSuffix {
    NotADomain,
    PublicSuffix,
    Unrelated,
}

impl NotSuffix {
    fn reason(self, rp_id: &str, origin: &Origin) -> String {
        match self {
            Self::NotADomain => format!("the RP ID `{rp_id}` is not a domain name in lower-case ASCII"),
            Self::PublicSuffix => {
                format!("the RP ID `{rp_id}` is a public suffix, under which anyone can register")
            }
            Self::Unrelated => {
                format!("the RP ID `{rp_id}` is neither the domain of `{origin}` nor a parent domain of it")
            }
        }
    }
}

/// HTML, "is a registrable domain suffix of or is equal to". An RP ID that is not in the canonical form of a host is
/// refused: its hash would be one that nobody else computes.
fn registrable_suffix_or_equal(rp_id: &str, domain: &str) -> Result<(), NotSuffix> {
    match Host::parse(rp_id) {
        Ok(Host::Domain(canonical)) if canonical == rp_id => {}
        _ => return Err(NotSuffix::NotADomain),
    }
    if rp_id == domain {
        return Ok(());
    }
    let is_below =
        |name: &str, suffix: &str| name.strip_suffix(suffix).is_some_and(|rest| rest.ends_with('.'));
    // The list's names end without the dot that a fully qualified name may end with, and so do its answers.
    let listed = without_dot(rp_id);
    let own = psl::suffix_str(listed).is_none_or(|suffix| suffix == listed);
    let of_domain = psl::suffix_str(without_dot(domain))
        .is_none_or(|suffix| suffix == listed || is_below(suffix, listed));
    match is_below(domain, rp_id) {
        true if own || of_domain => Err(NotSuffix::PublicSuffix),
        true => Ok(()),
        false if own => Err(NotSuffix::PublicSuffix),
        false => Err(NotSuffix::Unrelated),
    }
}

fn without_dot(name: &str) -> &str {
    name.strip_suffix('.').unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    static STEP: Step = Step { section: "5.1.3", number: "8", rule: "" };
    static STEPS: RpIdSteps = RpIdSteps { secure_context: &STEP, effective_domain: &STEP, rp_id: &STEP };

    #[test]
    fn rp_ids_fit_their_origin() {
        for (origin, requested, want) in [
            ("https://example.org", None, Ok("example.org")),
            ("https://example.org", Some("example.org"), Ok("example.org")),
            ("https://login.example.org:8443", None, Ok("login.example.org")),
            ("https://login.example.org:8443", Some("example.org"), Ok("example.org")),
            ("https://login.example.co.uk", Some("example.co.uk"), Ok("example.co.uk")),
            ("http://localhost:3000", None, Ok("localhost")),
            ("http://localhost:3000", Some("localhost"), Ok("localhost")),
            ("http://app.localhost", None, Ok("app.localhost")),
            // HTML: equal is enough, also where the domain is a public suffix itself.
            ("https://github.io", Some("github.io"), Ok("github.io")),
            ("https://example.org", Some("org"), Err("public suffix")),
            ("https://example.co.uk", Some("co.uk"), Err("public suffix")),
            ("https://example.co.uk", Some("uk"), Err("public suffix")),
            ("https://ada.github.io", Some("github.io"), Err("public suffix")),
            ("https://ada.github.io", Some("io"), Err("public suffix")),
            ("https://example.org", Some("co.uk"), Err("public suffix")),
            ("http://app.localhost", Some("localhost"), Err("public suffix")),
            // `example.org.` is another host than `example.org`, below the same public suffix.
            ("https://example.org.", None, Ok("example.org.")),
            ("https://login.example.org.", Some("example.org."), Ok("example.org.")),
            ("https://example.org.", Some("org."), Err("public suffix")),
            ("https://example.co.uk.", Some("co.uk."), Err("public suffix")),
            ("https://example.co.uk.", Some("uk."), Err("public suffix")),
            ("https://ada.github.io.", Some("io."), Err("public suffix")),
            ("https://example.org", Some("org."), Err("public suffix")),
            ("https://app.localhost.", Some("localhost."), Err("public suffix")),
            ("https://login.example.org.", Some("example.org"), Err("neither")),
            ("https://login.example.org", Some("example.org."), Err("neither")),
            ("https://example.org", Some("login.example.org"), Err("neither")),
            ("https://badexample.org", Some("example.org"), Err("neither")),
            ("https://example.org", Some("example.com"), Err("neither")),
            ("https://example.org", Some(""), Err("not a domain name")),
            ("https://example.org", Some("Example.org"), Err("not a domain name")),
            ("https://example.org", Some("https://example.org"), Err("not a domain name")),
            ("https://bücher.example", Some("bücher.example"), Err("not a domain name")),
            ("https://bücher.example", Some("xn--bcher-kva.example"), Ok("xn--bcher-kva.example")),
            ("https://example.org", Some("127.0.0.1"), Err("not a domain name")),
            ("https://127.0.0.1", None, Err("IP address")),
            ("https://127.0.0.1", Some("127.0.0.1"), Err("IP address")),
            ("http://127.0.0.1:8080", None, Err("IP address")),
            ("https://[::1]", None, Err("IP address")),
            ("http://example.org", None, Err("secure context")),
            ("http://example.org", Some("example.org"), Err("secure context")),
        ] {
            let parsed = Origin::parse(origin).expect(origin);
            match (determine(requested, &parsed, None, &STEPS), want) {
                (Ok(rp_id), Ok(want)) => assert_eq!(rp_id, want, "{origin} {requested:?}"),
                (Err(failure), Err(want)) => {
                    assert_eq!(failure.name, DomException::SecurityError);
                    assert!(failure.reason.contains(want), "{origin} {requested:?}: {failure}");
                }
                (got, want) => panic!("{origin} {requested:?}: {got:?}, not {want:?}"),
            }
        }
    }
}
