//! Finds the route of a path, with Spin's matcher.
//!
//! In each segment, an exact name wins over a parameter (`:name`), and a parameter over the
//! trailing wildcard (`/...`). A trailing slash makes no difference.

use anyhow::{Result, anyhow};
use routefinder::Router as Matcher;

/// The routes of an application. A route is identified by its position in the list of routes.
pub(crate) struct Router {
    matcher: Matcher<usize>,
}

/// The best route for a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// Position in the list of routes.
    pub(crate) index: usize,
    /// The match of the wildcard, with its leading slash; empty for an exact route.
    pub(crate) path_info: String,
    /// The named parameters of the route, with their values.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Router {
    pub(crate) fn new<'a>(routes: impl IntoIterator<Item = &'a str>) -> Result<Self> {
        let mut matcher = Matcher::new();
        for (index, route) in routes.into_iter().enumerate() {
            let spec = match route.strip_suffix("/...") {
                Some(prefix) => format!("{prefix}/*"),
                None => route.to_owned(),
            };
            matcher.add(spec, index).map_err(|error| anyhow!("the route {route:?}: {error}"))?;
        }
        Ok(Self { matcher })
    }

    /// The route for a path, without its query.
    pub(crate) fn find(&self, path: &str) -> Option<Found> {
        let found = self.matcher.best_match(path)?;
        let captures = found.captures();
        // The matcher drops a trailing slash, but Spin passes it on.
        let path_info = match captures.wildcard() {
            Some("") if path.ends_with('/') => "/".to_owned(),
            Some("") | None => String::new(),
            Some(rest) if path.ends_with('/') => format!("/{rest}/"),
            Some(rest) => format!("/{rest}"),
        };
        let parameters = captures
            .params()
            .iter()
            .map(|parameter| (parameter.name().to_owned(), parameter.value().to_owned()))
            .collect();
        Some(Found { index: *found.handler(), path_info, parameters })
    }
}

#[cfg(test)]
mod tests;
