//! Advice on the way to a server.

/// Advice on the way to a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// No such name, or none with an address.
    CheckSpelling,
    /// No name server answers, which says nothing about the name.
    CheckNameServers,
    /// The host has addresses, but none of the wanted version of IP.
    UseOtherAddresses,
    /// Neither IPv4 nor IPv6 nor both was meant.
    SayWhichIpVersion,
    /// A tunnel and a proxy were given.
    ChooseTunnelOrProxy,
    /// A source address was given for a tunnel.
    LeaveSourceToTunnel,
    /// A version of IP was given for a tunnel.
    LeaveIpVersionToTunnel,
    /// The server is a socket of this computer, and a way over the network was given.
    LeaveOutTheWay,
    /// The source address is of another version of IP than the wanted one.
    LeaveOutVersionOrSource,
    /// The computer lacks the source address.
    UseOwnSource,
    /// Nothing listens at the port.
    CheckPort,
    /// Nothing listens at the socket.
    CheckSocket,
    /// The network cannot be reached, or the host in it.
    CheckNetwork,
    /// No address answered in time.
    WaitLongerForNetwork,
    /// The proxy cannot be reached.
    CheckProxy,
    /// The proxy did not answer in time.
    WaitLongerForProxy,
    /// Unknown whether the proxy or the server is at fault.
    TryWithoutProxy,
    /// What listens there is no SOCKS5 proxy.
    CheckThatItIsSocks5,
    /// A proxy of a kind that is not supported.
    WriteSocks5Proxy,
    /// The proxy demands a user and a password.
    GiveProxyUser,
    /// The proxy refused a user without a password.
    GiveProxyPassword,
    /// The proxy refused user and password.
    CheckProxyUser,
    /// The proxy may not know the host's name.
    CheckSpellingForProxy,
    /// The proxy may not know the host's name, and need not.
    ResolveHere,
    /// The proxy's rules forbid it.
    AskProxyOwner,
    /// The proxy does not know that kind of address.
    TryOtherKindOfAddress,
    /// The tunnel's command could not be started.
    TryTunnelByHand,
    /// The tunnel's command ended, or printed what no server sends.
    TunnelCarriesServerAlone,
    /// The host of an OAuth provider was not found.
    CheckProviderAddress,
    /// The OAuth provider cannot be reached.
    CheckNetworkAndProxy,
    /// An OAuth provider hung up.
    TryLater,
}
