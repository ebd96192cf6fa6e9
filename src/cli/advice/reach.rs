//! The sentences for advice on connecting to a server.

use pop3::advice::Reach;

/// What to do, as the command line says it.
pub(super) fn sentence(advice: &Reach) -> String {
    let text = match advice {
        Reach::CheckSpelling => "check how the host is spelt",
        Reach::CheckNameServers => {
            "the name servers give no answer: check this computer's network and /etc/resolv.conf, or try again later"
        }
        Reach::UseOtherAddresses => "leave out -4, -6 and --source-ip to use its other addresses",
        Reach::SayWhichIpVersion => "say 4, 6 or any",
        Reach::ChooseTunnelOrProxy => "name one of --tunnel and --proxy",
        Reach::LeaveSourceToTunnel => "leave out --source-ip, or pass it to the command",
        Reach::LeaveIpVersionToTunnel => "leave out -4 and -6, or pass it to the command",
        Reach::LeaveOutTheWay => {
            "give a server with a host, or leave these options out (--proxy none connects directly)"
        }
        Reach::LeaveOutVersionOrSource => "leave out -4 and -6, or --source-ip",
        Reach::UseOwnSource => "--source-ip takes an address that this computer has",
        Reach::CheckPort => {
            "nothing listens there: check the port (usually 995 for pop3s://, 110 for pop3://)"
        }
        Reach::CheckSocket => "check the path of the socket, and whether a server listens there",
        Reach::CheckNetwork => {
            "check this computer's network, and whether the host and port can be reached from it"
        }
        Reach::WaitLongerForNetwork => {
            "check host, port and network, or try again later; --timeout gives a slow network more time"
        }
        Reach::CheckProxy => "check the proxy's host and port, and whether it runs",
        Reach::WaitLongerForProxy => "try again later, or give a slow proxy more time with --timeout",
        Reach::TryWithoutProxy => "check with --proxy none whether it is the proxy or the server",
        Reach::CheckThatItIsSocks5 => {
            "check that a SOCKS5 proxy listens there; others, such as HTTP proxies, cannot be used"
        }
        Reach::WriteSocks5Proxy => "write it as socks5h://[user@]host[:port]; --proxy none uses no proxy",
        Reach::GiveProxyUser => {
            "name the user in the proxy's URL and put the password into POP3_PROXY_PASSWORD"
        }
        Reach::GiveProxyPassword => "put the password into POP3_PROXY_PASSWORD",
        Reach::CheckProxyUser => "check the user in the proxy's URL and the password in POP3_PROXY_PASSWORD",
        Reach::CheckSpellingForProxy => "check how the host is spelt: the proxy may not know its name",
        Reach::ResolveHere => {
            "check how the host is spelt; with socks5:// the name is resolved here, not by the proxy"
        }
        Reach::AskProxyOwner => "ask whoever runs the proxy; many allow only some ports",
        Reach::TryOtherKindOfAddress => "try socks5:// instead of socks5h://, or the other way round; or -4",
        Reach::TryTunnelByHand => "run the tunnel's command by hand",
        Reach::TunnelCarriesServerAlone => {
            "the tunnel's command has to carry the server's bytes and nothing else, and cannot ask on the \
             terminal: try it by hand"
        }
        Reach::CheckProviderAddress => "check the provider's URLs, and this computer's network",
        Reach::CheckNetworkAndProxy => "check the network, and the proxy if one is used",
        Reach::TryLater => "try again later",
    };
    text.to_owned()
}
