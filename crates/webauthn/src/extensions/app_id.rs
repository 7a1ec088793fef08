//! AppIDs of U2F: `appid` and `appidExclude`.
//!
//! Source: WebAuthn Level 3 §10.1.1 and §10.1.2; FIDO AppID and Facet Specification §3.1.2.

use softhello_ctap::Step;
use url::Url;

use crate::{DomException, Failure, Origin};

/// The AppID to use: `given`, if the caller may, or the caller's origin if it is empty.
///
/// An AppID of the caller's own site is taken without fetching its list of facets, as browsers do; one of another site
/// is refused.
///
/// # Errors
///
/// `SecurityError` if the caller may not use it.
pub(crate) fn determine(given: &str, caller: &Origin, step: &'static Step) -> Result<String, Failure> {
    let refuse = |reason: String| Err(Failure::new(DomException::SecurityError, step, reason));
    if given.is_empty() {
        return Ok(caller.as_str().to_owned());
    }
    let url = match Url::parse(given) {
        Ok(url) if url.scheme() == "https" => url,
        Ok(_) => return refuse(format!("the AppID `{given}` does not begin with `https://`")),
        Err(error) => return refuse(format!("the AppID `{given}` is not a URL: {error}")),
    };
    let same_site = match (url.domain(), caller.effective_domain()) {
        (Some(theirs), Some(own)) => theirs == own || site(theirs).is_some() && site(theirs) == site(own),
        _ => false,
    };
    match same_site {
        true => Ok(given.to_owned()),
        false => refuse(format!("the AppID `{given}` is of another site than `{caller}`")),
    }
}

/// The registrable domain.
fn site(domain: &str) -> Option<&str> {
    psl::domain_str(domain)
}

pub(crate) static APPID: Step =
    Step { section: "10.1.1", number: "1", rule: "The caller may use the AppID, or it is a SecurityError." };
pub(crate) static APPID_EXCLUDE: Step =
    Step { section: "10.1.2", number: "1", rule: "The caller may use the AppID, or it is a SecurityError." };
pub(crate) static EXCLUDED: Step = Step {
    section: "10.1.2",
    number: "3",
    rule: "A credential of the list that U2F made under the AppID is excluded as any other.",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_app_id_is_of_the_callers_site() {
        for (origin, given, want) in [
            ("https://login.example.org", "", Ok("https://login.example.org")),
            ("https://login.example.org", "https://example.org/app.json", Ok("https://example.org/app.json")),
            ("https://example.org", "https://u2f.example.org", Ok("https://u2f.example.org")),
            ("http://localhost:3000", "https://localhost/app", Ok("https://localhost/app")),
            ("https://example.org", "http://example.org/app.json", Err("does not begin with")),
            ("https://example.org", "example.org", Err("is not a URL")),
            ("https://example.org", "https://example.com", Err("of another site")),
            ("https://ada.github.io", "https://bob.github.io", Err("of another site")),
            ("https://example.org", "https://127.0.0.1", Err("of another site")),
        ] {
            let caller = Origin::parse(origin).expect(origin);
            match (determine(given, &caller, &APPID), want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{origin} {given}"),
                (Err(failure), Err(want)) => {
                    assert_eq!(failure.name, DomException::SecurityError);
                    assert!(failure.reason.contains(want), "{origin} {given}: {failure}");
                }
                (got, want) => panic!("{origin} {given}: {got:?}, not {want:?}"),
            }
        }
    }
}
