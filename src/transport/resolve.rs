//! Resolves a host's name to its addresses with the system's resolver. A name that does not exist is
//! distinguished from a failed lookup: the first is probably a mistake by the user, the second is temporary.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr};

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};

use super::dial::{Limit, run_with_limit, stopped_meanwhile};
use super::{Family, STOPPED, Way};
use crate::advice::Reach;
use crate::error::{Error, Kind, Phase, Result};

/// The addresses of a host that `way` allows.
///
/// # Errors
/// [`Kind::HostNotFound`] if the name has no such address; [`Kind::Timeout`] of the phase `Connect` if the
/// lookup failed or took too long; [`Kind::Interrupted`].
pub(super) fn resolve(host: &str, port: u16, way: &Way, limit: &Limit) -> Result<Vec<SocketAddr>> {
    let name = host.to_owned();
    let outcome = run_with_limit(limit, move || Ok(look_up(&name, port)));
    let context = format!("could not find the host {host}");
    let not_found = |why: String| Error::new(Kind::HostNotFound, context.clone()).because(why);
    match outcome {
        Ok(Ok(mut addresses)) => {
            let any = addresses.len();
            addresses.retain(|address| way.reaches(address.ip()));
            addresses.dedup();
            match (addresses.is_empty(), way.family.or(way.source.map(Family::of_address))) {
                (false, _) => Ok(addresses),
                (true, Some(family)) if any > 0 => {
                    Err(not_found(format!("it has no {family} address")).advise(Reach::UseOtherAddresses))
                }
                (true, _) => {
                    Err(not_found("its name has no address".to_owned()).advise(Reach::CheckSpelling))
                }
            }
        }
        Ok(Err(Unresolved::NoSuchName(words))) => Err(not_found(words).advise(Reach::CheckSpelling)),
        Ok(Err(Unresolved::NoAnswer(words))) => Err(Error::new(Kind::Timeout(Phase::Connect), context)
            .because(words)
            .advise(Reach::CheckNameServers)),
        Err(error) if error.kind() == STOPPED => {
            Err(Error::new(Kind::Interrupted, context).because(stopped_meanwhile()))
        }
        Err(error) if error.kind() == ErrorKind::TimedOut => {
            Err(Error::new(Kind::Timeout(Phase::Connect), context)
                .because("the name servers did not answer in time")
                .advise(Reach::CheckNameServers))
        }
        Err(error) => Err(Error::new(Kind::Io, context).because(error)),
    }
}

/// Why a name has no address.
#[derive(Debug, PartialEq, Eq)]
enum Unresolved {
    /// The name does not exist, or has no address.
    NoSuchName(String),
    /// The lookup failed, so whether the name exists is unknown.
    NoAnswer(String),
}

fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, Unresolved> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let hints = AddrInfoHints { socktype: SockType::Stream.into(), ..AddrInfoHints::default() };
    let found = getaddrinfo(Some(host), None, Some(hints)).map_err(|error| read_failure(&error))?;
    // The scope of a link-local address stays; the port is ours.
    Ok(found
        .flatten()
        .map(|one| {
            let mut address = one.sockaddr;
            address.set_port(port);
            address
        })
        .collect())
}

/// Only a definite answer counts as "no such name".
fn read_failure(error: &LookupError) -> Unresolved {
    match error.kind() {
        LookupErrorKind::NoName | LookupErrorKind::NoData => {
            Unresolved::NoSuchName("its name is not known".to_owned())
        }
        // The resolver was not called: the name contains a NUL.
        LookupErrorKind::IO if error.error_num() == 0 => {
            Unresolved::NoSuchName("this is not a host name".to_owned())
        }
        LookupErrorKind::Again => {
            Unresolved::NoAnswer("temporary failure in name resolution (EAI_AGAIN)".to_owned())
        }
        _ => Unresolved::NoAnswer(format!("name resolution failed (error {})", error.error_num())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_definite_answer_is_no_such_name() {
        // The numbers of glibc: EAI_NONAME, EAI_NODATA, EAI_AGAIN, EAI_FAIL, EAI_MEMORY, EAI_SYSTEM.
        for (number, is_definite) in
            [(-2, true), (-5, true), (-3, false), (-4, false), (-10, false), (-11, false)]
        {
            let read = read_failure(&LookupError::new(number));
            assert_eq!(matches!(read, Unresolved::NoSuchName(_)), is_definite, "{number}: {read:?}");
        }
    }
}
