//! Who may make requests: any page in any browser on this computer can reach a port on loopback.
//!
//! A request has to name a host of ours, so that no foreign name that was made to lead here (DNS rebinding) gets in; its
//! `Origin`, if it has one, has to be ours or the extension's; and it needs the token, or the cookie that was traded for it.
//! Nothing answers CORS, so that no other page can read what it gets or send the token.
//!
//! Cookies know no ports: a browser sends ours to every other server of this host as well, below `/api`. No page can use it
//! there, but a program that listens there could keep it and claim to be a browser. It is not the token, and ends with us.

use std::net::SocketAddr;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use data_encoding::HEXLOWER;
use rand::Rng as _;
use softhello_app::AppError;
use subtle::ConstantTimeEq as _;

use crate::{Config, error::Error};

/// What requests have to show.
pub(crate) struct Access {
    /// None where every program of this computer may make requests.
    token: Option<Compared>,
    /// The value of the cookie.
    cookie: Compared,
    cookie_name: String,
    hosts: Vec<String>,
    origins: Vec<String>,
    /// Those of `origins` that are not ours, and get no cookie.
    foreign: Vec<String>,
}

/// Text that is compared in constant time and never printed.
pub(crate) struct Compared(String);

impl Compared {
    fn random() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(HEXLOWER.encode(&bytes))
    }

    fn is(&self, other: &str) -> bool {
        self.0.as_bytes().ct_eq(other.as_bytes()).into()
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// The shortest token that is taken.
const MIN_TOKEN: usize = 1;
/// The longest, in bytes.
const MAX_TOKEN: usize = 256;

impl Access {
    pub(crate) fn new(config: &Config, address: SocketAddr) -> Result<Self, AppError> {
        let token = match &config.token {
            Some(token)
                if (MIN_TOKEN..=MAX_TOKEN).contains(&token.len())
                    && token.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Compared(token.clone())
            }
            Some(_) => {
                return Err(AppError::usage(
                    "that is no token",
                    "a token has 1 to 256 visible ASCII characters; without --token a random one is made",
                ));
            }
            None => Compared::random(),
        };
        let port = address.port();
        let mut hosts: Vec<String> =
            ["localhost", "127.0.0.1", "[::1]"].iter().map(|host| format!("{host}:{port}")).collect();
        // Another loopback address than those, too, is called as it is.
        let own = address.to_string();
        if !address.ip().is_unspecified() && !hosts.contains(&own) {
            hosts.push(own);
        }
        hosts.extend(config.allow_hosts.iter().map(|host| host.to_ascii_lowercase()));
        if port == 80 {
            hosts.extend(hosts.clone().iter().filter_map(|host| host.strip_suffix(":80").map(str::to_owned)));
        }
        let own = hosts.iter().map(|host| format!("http://{host}"));
        let foreign: Vec<String> = [format!("chrome-extension://{}", crate::extension::id())]
            .into_iter()
            .chain(config.allow_origins.iter().cloned())
            .collect();
        Ok(Self {
            token: Some(token),
            cookie: Compared::random(),
            // Cookies know no ports.
            cookie_name: format!("softhello-{port}"),
            origins: own.chain(foreign.iter().cloned()).collect(),
            hosts,
            foreign,
        })
    }

    /// Lets every program of this computer in, and no page.
    pub(crate) fn without_token(address: SocketAddr) -> Self {
        let port = address.port();
        let hosts = ["localhost", "127.0.0.1", "[::1]"].iter().map(|host| format!("{host}:{port}"));
        Self {
            token: None,
            cookie: Compared::random(),
            cookie_name: String::new(),
            hosts: hosts.collect(),
            origins: Vec::new(),
            foreign: Vec::new(),
        }
    }

    pub(crate) fn token(&self) -> &str {
        self.token.as_ref().map_or("", Compared::reveal)
    }

    /// The cookie that stands for the token.
    pub(crate) fn cookie(&self) -> Option<HeaderValue> {
        let value = self.cookie.reveal();
        let cookie = format!("{}={value}; Path=/api; HttpOnly; SameSite=Strict", self.cookie_name);
        HeaderValue::try_from(cookie).ok()
    }

    /// What a request is answered with that is not let in.
    pub(crate) fn refusal(&self, request: &Request) -> Option<Response> {
        let error = self.check(request.method(), request.uri(), request.headers()).err()?;
        let unauthorized = error.status == StatusCode::UNAUTHORIZED;
        let mut response = error.into_response();
        if unauthorized {
            let challenge = HeaderValue::from_static("Bearer realm=\"softhello\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        Some(response)
    }

    fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Error> {
        self.check_host(uri, headers)?;
        let origin = self.check_origin(headers)?;
        // A page that may not read an answer can ask for it all the same, and would fill the demonstration with visitors.
        if uri.path().starts_with(DEMO) && is_from_elsewhere(headers) {
            return Err(Error::new(
                StatusCode::FORBIDDEN,
                "pages of other origins may not use the demonstration",
                "open /demo itself",
            ));
        }
        if self.token.is_none() || is_public(method, uri.path()) || self.has_token(headers) {
            return Ok(());
        }
        // What a page of another site or port sends with our cookie is not our page's doing; and who says nothing of where it
        // comes from is no browser that could have been given the cookie.
        if !origin.is_some_and(|origin| self.foreign.iter().any(|foreign| foreign == origin))
            && is_from_here(headers)
            && self.has_cookie(headers)
        {
            return Ok(());
        }
        let error = Error::new(
            StatusCode::UNAUTHORIZED,
            "the token is missing or wrong",
            "send `Authorization: Bearer TOKEN` with the token that `softhello serve` printed",
        );
        Err(error)
    }

    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Error> {
        let mut named = headers.get_all(header::HOST).iter();
        let host = match (named.next(), named.next(), uri.authority()) {
            // The target of the request outranks the header (RFC 9112 §3.2.2).
            (_, None, Some(authority)) => Some(authority.as_str()),
            (Some(host), None, None) => host.to_str().ok(),
            _ => None,
        };
        match host {
            Some(host) if self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) => Ok(()),
            _ => Err(Error::new(
                StatusCode::FORBIDDEN,
                "this is not a host of this server",
                format!("use http://{}", self.hosts.first().map_or("localhost", String::as_str)),
            )),
        }
    }

    fn check_origin<'h>(&self, headers: &'h HeaderMap) -> Result<Option<&'h str>, Error> {
        let mut named = headers.get_all(header::ORIGIN).iter();
        let foreign = || {
            Error::new(
                StatusCode::FORBIDDEN,
                "pages of other origins may not use this server",
                "`--allow-origins` names further extensions and programs that may, with the token",
            )
        };
        match (named.next(), named.next()) {
            (None, _) => Ok(None),
            (Some(origin), None) => {
                let origin = origin.to_str().map_err(|_| foreign())?;
                if self.origins.iter().any(|known| known == origin) {
                    Ok(Some(origin))
                } else {
                    Err(foreign())
                }
            }
            _ => Err(foreign()),
        }
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let bearer = authorization.and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
        });
        bearer.zip(self.token.as_ref()).is_some_and(|(bearer, token)| token.is(bearer))
    }

    fn has_cookie(&self, headers: &HeaderMap) -> bool {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        cookies.flat_map(|value| value.split(';')).any(|cookie| {
            cookie
                .trim()
                .split_once('=')
                .is_some_and(|(name, value)| name == self.cookie_name && self.cookie.is(value))
        })
    }
}

/// Where the demonstration's relying party is.
const DEMO: &str = "/demo/api/";

/// What anybody may see: that the server is there, its pages, and the demonstration's relying party.
pub(crate) fn is_public(method: &Method, path: &str) -> bool {
    if path.starts_with(DEMO) {
        return true;
    }
    matches!(*method, Method::GET | Method::HEAD)
        && (matches!(path, "/" | "/demo" | "/healthz" | "/openapi.json" | "/favicon.ico")
            || path.starts_with("/static/"))
}

/// Whether a browser says that a page of ours asks. What is no browser does not say, and may claim anything.
fn is_from_here(headers: &HeaderMap) -> bool {
    matches!(sites(headers).as_slice(), [b"same-origin"])
}

/// Whether a browser says that a page of another origin asks. `none` is a person who typed the address.
fn is_from_elsewhere(headers: &HeaderMap) -> bool {
    !matches!(sites(headers).as_slice(), [] | [b"same-origin" | b"none"])
}

fn sites(headers: &HeaderMap) -> Vec<&[u8]> {
    headers.get_all("sec-fetch-site").iter().map(HeaderValue::as_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        let config = Config { token: Some("right".to_owned()), ..Config::default() };
        Access::new(&config, "127.0.0.1:7310".parse().expect("an address")).expect("access")
    }

    fn checked(access: &Access, method: Method, path: &str, headers: &[(&str, &str)]) -> u16 {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: header::HeaderName = name.parse().expect("a name");
            map.append(name, HeaderValue::from_str(value).expect("a value"));
        }
        match access.check(&method, &path.parse().expect("a path"), &map) {
            Ok(()) => 200,
            Err(error) => error.status.as_u16(),
        }
    }

    #[test]
    fn hosts_origins_and_tokens() {
        let access = access();
        let cookie = access.cookie().expect("a cookie");
        let cookie = cookie.to_str().expect("text").split(';').next().expect("a pair");
        let (here, token) = (("host", "localhost:7310"), ("authorization", "Bearer right"));
        let same = ("sec-fetch-site", "same-origin");
        let extension = format!("chrome-extension://{}", crate::extension::id());
        type Row<'a> = (u16, Method, &'a str, &'a [(&'a str, &'a str)]);
        let rows: &[Row<'_>] = &[
            (200, Method::GET, "/api/devices", &[here, token]),
            (200, Method::GET, "/api/devices", &[("host", "127.0.0.1:7310"), token]),
            (200, Method::GET, "/api/devices", &[("host", "[::1]:7310"), ("authorization", "bearer right")]),
            (200, Method::GET, "/api/devices", &[("host", "LOCALHOST:7310"), token]),
            // DNS rebinding: whatever the request has, the host is foreign.
            (403, Method::GET, "/api/devices", &[("host", "evil.example:7310"), token]),
            (403, Method::GET, "/", &[("host", "evil.example:7310")]),
            (403, Method::GET, "/", &[("host", "localhost:9999")]),
            (403, Method::GET, "/", &[("host", "localhost")]),
            (403, Method::GET, "/", &[]),
            (403, Method::GET, "/", &[here, ("host", "evil.example")]),
            (403, Method::GET, "http://evil.example:7310/", &[here]),
            // Tokens.
            (401, Method::GET, "/api/devices", &[here]),
            (401, Method::GET, "/api/devices", &[here, ("authorization", "Bearer wrong")]),
            (401, Method::GET, "/api/devices", &[here, ("authorization", "Basic right")]),
            (401, Method::GET, "/api/devices?token=right", &[here]),
            (401, Method::GET, "/metrics", &[here]),
            (401, Method::POST, "/login", &[here]),
            // Origins.
            (200, Method::POST, "/x", &[here, token, ("origin", "http://localhost:7310")]),
            (200, Method::POST, "/x", &[here, token, ("origin", &extension)]),
            (403, Method::POST, "/x", &[here, token, ("origin", "http://localhost:3000")]),
            (403, Method::POST, "/x", &[here, token, ("origin", "null")]),
            (403, Method::POST, "/demo/api/register", &[here, ("origin", "http://localhost:3000")]),
            // The cookie.
            (200, Method::GET, "/x", &[here, ("cookie", cookie), same]),
            (200, Method::POST, "/x", &[here, ("cookie", cookie), same, ("origin", "http://localhost:7310")]),
            (200, Method::POST, "/x", &[here, ("cookie", &format!("a=b; {cookie}")), same]),
            (401, Method::GET, "/x", &[here, ("cookie", cookie)]),
            (401, Method::POST, "/x", &[here, ("cookie", cookie), ("origin", "http://localhost:7310")]),
            (401, Method::GET, "/x", &[here, ("cookie", cookie), ("sec-fetch-site", "none")]),
            (401, Method::GET, "/x", &[here, ("cookie", cookie), ("sec-fetch-site", "same-site")]),
            (401, Method::GET, "/x", &[here, ("cookie", cookie), ("sec-fetch-site", "cross-site")]),
            (401, Method::GET, "/x", &[here, ("cookie", cookie), same, ("sec-fetch-site", "cross-site")]),
            (401, Method::POST, "/x", &[here, ("cookie", cookie), same, ("origin", &extension)]),
            (401, Method::GET, "/x", &[here, ("cookie", "softhello-7310=right"), same]),
            // What needs none.
            (200, Method::GET, "/", &[here]),
            (200, Method::GET, "/healthz", &[here]),
            (200, Method::GET, "/static/inspector.js", &[here]),
            (200, Method::POST, "/demo/api/register", &[here]),
            (200, Method::GET, "/demo/api/state", &[here, same]),
            (200, Method::GET, "/demo/api/state", &[here, ("sec-fetch-site", "none")]),
            // A page of another origin asks with no-cors, which has no `Origin`.
            (403, Method::GET, "/demo/api/state", &[here, ("sec-fetch-site", "same-site")]),
            (403, Method::GET, "/demo/api/state", &[here, ("sec-fetch-site", "cross-site")]),
            (403, Method::GET, "/demo/api/state", &[here, token, ("sec-fetch-site", "cross-site")]),
            (403, Method::POST, "/demo/api/register/options", &[here, ("sec-fetch-site", "cross-site")]),
            // A link of another site leads to the pages.
            (200, Method::GET, "/demo", &[here, ("sec-fetch-site", "cross-site")]),
            (401, Method::POST, "/healthz", &[here]),
        ];
        for (want, method, path, headers) in rows {
            assert_eq!(checked(&access, method.clone(), path, headers), *want, "{method} {path} {headers:?}");
        }
    }

    #[test]
    fn where_a_browser_is_sent_is_a_host() {
        for (address, url) in [
            ("127.0.0.1:1", "http://localhost:1"),
            ("[::1]:1", "http://localhost:1"),
            ("0.0.0.0:1", "http://localhost:1"),
            ("[::]:1", "http://localhost:1"),
            ("127.0.0.2:1", "http://127.0.0.2:1"),
            ("192.0.2.1:1", "http://192.0.2.1:1"),
            ("[2001:db8::1]:1", "http://[2001:db8::1]:1"),
        ] {
            let address: SocketAddr = address.parse().expect("an address");
            assert_eq!(crate::url(address), url);
            let access = Access::new(&Config::default(), address).expect("access");
            let host = url.trim_start_matches("http://");
            assert_eq!(checked(&access, Method::GET, "/", &[("host", host), ("origin", url)]), 200, "{url}");
        }
    }

    #[test]
    fn a_token_is_checked_and_made() {
        let address = "127.0.0.1:1".parse().expect("an address");
        for token in ["", "two words", "ü"] {
            let config = Config { token: Some(token.to_owned()), ..Config::default() };
            assert!(Access::new(&config, address).is_err(), "{token}");
        }
        let made = || Access::new(&Config::default(), address).expect("access").token().to_owned();
        assert_eq!(made().len(), 64);
        assert_ne!(made(), made());
    }
}
