//! A dozen messages, each with something that mail programs have handled wrongly.
//!
//! They are written with LF and sent with CRLF. Their dates are fixed, so that two downloads can be compared.

use super::message::Message;

/// The samples, oldest first. The subject of each says what is special about it.
pub fn samples() -> Vec<Message> {
    [WELCOME, ENCODED, LATIN, UTF8, DOTS, FROM_LINES, ATTACHMENT, EMPTY, CONTROL, NO_SUBJECT, NESTED]
        .into_iter()
        .map(Message::text)
        .chain([long_line()])
        .collect()
}

const WELCOME: &[u8] = b"Return-Path: <postmaster@example.org>
Received: from mail.example.org by pop.example.org; Mon, 01 Jan 2024 08:00:01 +0000
From: The Postmaster <postmaster@example.org>
To: demo@example.org
Subject: Welcome to the demo
Date: Mon, 01 Jan 2024 08:00:00 +0000
Message-ID: <1.demo@example.org>

Hello,

this is the plainest of messages: ASCII, short lines, nothing to trip over.
The ones behind it are not.

The Postmaster
";

const ENCODED: &[u8] = b"From: =?ISO-8859-1?Q?Andr=E9_Gr=FCnwald?= <andre@example.org>
To: =?UTF-8?B?RGVtw7Y=?= <demo@example.org>,
\t\"Quoted, with a comma\" <second@example.org>
Subject: =?UTF-8?Q?Encoded_headers:_caf=C3=A9,_na=C3=AFve,?=
 =?UTF-8?B?IOaXpeacrOiqng==?= and a folded line
References: <a.demo@example.org> <b.demo@example.org>
 <c.demo@example.org>
Date: Tue, 02 Jan 2024 09:30:00 +0100
Message-ID: <2.demo@example.org>

The header is ASCII on the wire (RFC 2047) and is folded in three places.
";

const LATIN: &[u8] = b"From: Renee <renee@example.org>
To: demo@example.org
Subject: 8-bit Latin-1 in the body
Date: Wed, 03 Jan 2024 10:00:00 +0000
Message-ID: <3.demo@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit

Fa\xe7ade, \xfcber, ni\xf1o: these bytes are not UTF-8, and must arrive as they are.
";

const UTF8: &[u8] = "From: Zoë <zoe@example.org>
To: demo@example.org
Subject: UTF-8 as it is, in header and body ✓
Date: Thu, 04 Jan 2024 11:00:00 +0000
Message-ID: <4.demo@example.org>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Grüße, 你好, שלום, 👋🏽
"
.as_bytes();

const DOTS: &[u8] = b"From: Dot <dot@example.org>
To: demo@example.org
Subject: Lines that begin with dots
Date: Fri, 05 Jan 2024 12:00:00 +0000
Message-ID: <5.demo@example.org>

The next line is a single dot, which ends a message on the wire:
.
These begin with one, two and three:
.profile
..
...and so on
The last line of this message is a dot, too:
.
";

const FROM_LINES: &[u8] = b"From: Quoter <quoter@example.org>
To: demo@example.org
Subject: Lines that begin with From
Date: Sat, 06 Jan 2024 13:00:00 +0000
Message-ID: <6.demo@example.org>

From here on an mbox has to quote:
>From a line that is quoted already,
>>From one that is quoted twice.
From nobody@example.org Sat Jan  6 13:00:00 2024
Subject: this is no new message

 From with a blank before it needs nothing.
";

const ATTACHMENT: &[u8] = b"From: Painter <painter@example.org>
To: demo@example.org
Subject: An attachment
Date: Sun, 07 Jan 2024 14:00:00 +0000
Message-ID: <7.demo@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=\"frontier\"

This preamble is for readers that do not know MIME.
--frontier
Content-Type: text/plain; charset=us-ascii

A picture of one pixel is attached.
--frontier
Content-Type: image/png; name=\"pixel.png\"
Content-Disposition: attachment; filename=\"pixel.png\"
Content-Transfer-Encoding: base64

iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9
awAAAABJRU5ErkJggg==
--frontier--
";

const EMPTY: &[u8] = b"From: Silence <silence@example.org>
To: demo@example.org
Subject: An empty body
Date: Mon, 08 Jan 2024 15:00:00 +0000
Message-ID: <8.demo@example.org>

";

const CONTROL: &[u8] = b"From: Bits <bits@example.org>
To: demo@example.org
Subject: NUL, bare CR, tabs, and no last line end
Date: Tue, 09 Jan 2024 16:00:00 +0000
Message-ID: <9.demo@example.org>

A NUL:\0 and a bare carriage return:\rboth belong to the message.
\ttab\t\x1b[31mand what a terminal would take for an order\x1b[0m
trailing blanks:   \t
the last line has no end";

const NO_SUBJECT: &[u8] = b"From: demo@example.org
Date: Wed, 10 Jan 2024 17:00:00 +0000
Message-ID: <10.demo@example.org>

This one has neither a subject nor a recipient.
";

const NESTED: &[u8] = b"From: Matryoshka <matryoshka@example.org>
To: demo@example.org
Subject: Messages within messages
Date: Thu, 11 Jan 2024 18:00:00 +0000
Message-ID: <11.demo@example.org>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=outer

--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=us-ascii

The plain one.
--inner
Content-Type: text/html; charset=us-ascii

<p>The <b>rich</b> one.</p>
--inner--
--outer
Content-Type: message/rfc822

From: Inner <inner@example.org>
To: matryoshka@example.org
Subject: The message inside
Date: Thu, 11 Jan 2024 17:59:00 +0000
Message-ID: <11a.demo@example.org>

From the inside, with a dot:
.
--outer--
";

/// One line far longer than the 998 octets that RFC 5322 allows.
fn long_line() -> Message {
    let header = "From: Chatterbox <chatterbox@example.org>
To: demo@example.org
Subject: A line of 20,000 octets
Date: Fri, 12 Jan 2024 19:00:00 +0000
Message-ID: <12.demo@example.org>
";
    Message::text(format!("{header}\n{}\nand a short one\n", "0123456789".repeat(2_000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_a_dozen_in_the_order_of_their_message_ids() {
        let samples = samples();
        assert_eq!(samples.len(), 12);
        for (number, sample) in samples.iter().enumerate() {
            let text = String::from_utf8_lossy(&sample.bytes()).into_owned();
            assert!(text.contains(&format!("Message-ID: <{}.demo@example.org>\r\n", number + 1)), "{text}");
            assert!(text.contains("\r\n\r\n"), "{text}");
        }
    }

    #[test]
    fn line_ends_are_crlf_and_odd_bytes_are_kept() {
        let control = samples()[8].bytes();
        assert!(control.windows(2).all(|pair| pair[1] != b'\n' || pair[0] == b'\r'));
        assert!(control.contains(&0) && control.windows(2).any(|pair| pair == b"\rb"));
        assert!(samples()[2].bytes().contains(&0xe7));
    }
}
