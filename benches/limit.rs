//! The yardstick of `benches/peers` and `benches/list`: fetches every message of a maildrop, or every header
//! (TOP), as fast as one connection allows, and throws the octets away.
//!
//! It waits only for what no client can do without: the greeting, the sign-in (RFC 5034, with an
//! initial response), STAT for the number of messages, the messages, and QUIT. All the commands leave
//! at once, from a thread of their own, so that neither side waits for the other's full buffer.
//! Nothing is unstuffed or kept; the ends of messages are counted, for QUIT to follow the last one.
//!
//! `limit ADDRESS USER PASSWORD [headers]`, and by `cargo bench` without arguments, when it does nothing.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use base64::Engine as _;
use memchr::memmem;

/// What is read at once; large, for as few system calls as the kernel allows.
const CHUNK: usize = 256 << 10;

/// How long it waits for the server.
const PATIENCE: Duration = Duration::from_secs(120);

/// The end of a message that is not empty: stuffing lets nothing else look like it.
const END: &[u8] = b"\r\n.\r\n";

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (address, user, password, headers) = match arguments.as_slice() {
        [address, user, password] => (address, user, password, false),
        [address, user, password, what] if what == "headers" => (address, user, password, true),
        _ => return Ok(()),
    };
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut sender = stream.try_clone()?;
    let mut reader = BufReader::with_capacity(CHUNK, stream);

    reply(&mut reader)?;
    let response = base64::engine::general_purpose::STANDARD.encode(format!("\0{user}\0{password}"));
    ask(&mut sender, &mut reader, &format!("AUTH PLAIN {response}\r\n"))?;
    let listing = ask(&mut sender, &mut reader, "STAT\r\n")?;
    let count: usize = listing.split(' ').nth(1).ok_or("STAT tells no number")?.parse()?;

    let command = |number| if headers { format!("TOP {number} 0\r\n") } else { format!("RETR {number}\r\n") };
    let commands: String = (1..=count).map(command).collect();
    let mut writer = sender.try_clone()?;
    let writing = std::thread::spawn(move || writer.write_all(commands.as_bytes()));
    let octets = throw_away(&mut reader, count)?;
    writing.join().map_err(|_| "the writing thread panicked")??;
    writeln!(std::io::stdout(), "{count} messages, {octets} octets")?;
    ask(&mut sender, &mut reader, "QUIT\r\n")?;
    Ok(())
}

fn ask(sender: &mut TcpStream, reader: &mut impl BufRead, command: &str) -> Result<String, Box<dyn Error>> {
    sender.write_all(command.as_bytes())?;
    reply(reader)
}

fn reply(reader: &mut impl BufRead) -> Result<String, Box<dyn Error>> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    if line.starts_with("+OK") { Ok(line) } else { Err(line.into()) }
}

/// Reads until so many messages have ended; returns the octets read.
fn throw_away(reader: &mut BufReader<TcpStream>, count: usize) -> Result<u64, Box<dyn Error>> {
    let finder = memmem::Finder::new(END);
    let mut buffer = vec![0; CHUNK];
    let (mut kept, mut octets, mut ended) = (0, 0u64, 0);
    while ended < count {
        let read = reader.read(&mut buffer[kept..])?;
        if read == 0 {
            return Err(format!("the server hung up after {ended} of {count} messages").into());
        }
        octets += read as u64;
        let before = ended;
        let filled = kept + read;
        let mut from = 0;
        while let Some(found) = finder.find(&buffer[from..filled]) {
            ended += 1;
            // The line end of one message's terminator never is the beginning of the next one's: a
            // reply stands between them.
            from += found + END.len();
        }
        if before == 0 && ended > 0 {
            writeln!(std::io::stdout(), "the first has ended")?;
        }
        // An end may be cut by the chunk's: its first part is seen again with the next chunk.
        kept = (filled - from).min(END.len() - 1);
        buffer.copy_within(filled - kept..filled, 0);
    }
    Ok(octets)
}
