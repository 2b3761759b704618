//! The load driver: plays the platform over one MQTT connection, with as little work a message as can be.

use std::time::{Duration, Instant};

use bytes::BytesMut;
use rumqttc::{Connect, Packet, PubAck, Publish, QoS, Subscribe};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::mosquitto::PLATFORM_USER;
use crate::message::{message, number_of};
use crate::sample::Sample;

/// No packet here comes near.
const PACKET_BYTES_MAX: usize = 1024 * 1024;
/// Packet ids go round below this.
const PACKET_IDS: usize = 60_000;
/// How long answers may be missing before they are lost.
const LOST_AFTER: Duration = Duration::from_secs(20);
/// The step of paced sending.
const PACE: Duration = Duration::from_millis(1);

/// Where the load goes and its answers come from.
#[derive(Clone, Debug)]
pub struct Topics {
    /// To the gateway.
    pub inbound: String,
    /// From the gateway.
    pub answers: String,
}

/// When a closed loop ends.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// After a time.
    Time(Duration),
    /// After so many answers.
    Answers(usize),
}

/// What was sent and what came back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Messages without an answer.
    pub lost: usize,
    /// Answers beyond the first.
    pub doubled: usize,
    /// First answers that came before that of an earlier message of the same chat.
    pub out_of_order: usize,
}

/// A connection to the broker and the books of what went over it.
pub struct Load {
    stream: TcpStream,
    inbox: BytesMut,
    outbox: BytesMut,
    topic: String,
    run: String,
    chats: usize,
    /// When each message was due to be sent, by its number.
    due: Vec<Instant>,
    /// How often each was answered.
    answers: Vec<u8>,
    /// The newest first answer of each chat.
    newest: Vec<usize>,
    unanswered: usize,
    out_of_order: usize,
    /// Numbers of what was answered for the first time since the last look.
    fresh: Vec<usize>,
    confirmed: usize,
}

impl Load {
    /// Connects; `run` tells its message ids from those of others. Message `n` is of chat `n % chats`.
    pub async fn connect(port: u16, topics: &Topics, run: &str, chats: usize) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.expect("the broker");
        stream.set_nodelay(true).expect("a socket");
        let mut load = Self {
            stream,
            inbox: BytesMut::with_capacity(64 * 1024),
            outbox: BytesMut::new(),
            topic: topics.inbound.clone(),
            run: run.to_owned(),
            chats,
            due: Vec::new(),
            answers: Vec::new(),
            newest: vec![0; chats],
            unanswered: 0,
            out_of_order: 0,
            fresh: Vec::new(),
            confirmed: 0,
        };
        let mut connect = Connect::new(format!("load-{run}"));
        // No pings: it waits for minutes where nothing comes.
        connect.keep_alive = 0;
        connect.set_login(PLATFORM_USER, format!("{PLATFORM_USER}-pw"));
        load.put(&Packet::Connect(connect));
        assert!(matches!(load.packet().await, Packet::ConnAck(_)), "the broker does not let the driver in");
        let mut subscribe = Subscribe::new(&topics.answers, QoS::AtLeastOnce);
        subscribe.pkid = 1;
        load.put(&Packet::Subscribe(subscribe));
        assert!(matches!(load.packet().await, Packet::SubAck(_)), "the broker does not let the driver read");
        load
    }

    /// Keeps so many messages on their way; answers how many came back a second.
    pub async fn closed_loop(&mut self, in_flight: usize, until: Until) -> f64 {
        let begun = Instant::now();
        let (deadline, wanted) = match until {
            Until::Time(time) => (begun + time, usize::MAX),
            Until::Answers(count) => (begun + Duration::from_secs(3600), count),
        };
        let mut answered = 0;
        while answered < wanted && Instant::now() < deadline {
            while self.unanswered < in_flight {
                self.send(Instant::now());
            }
            self.exchange(deadline).await;
            answered += self.fresh.drain(..).count();
        }
        answered as f64 / begun.elapsed().as_secs_f64()
    }

    /// Sends so many a second, whatever comes back; answers how long each answer took from when its message was due.
    pub async fn paced(&mut self, rate: f64, time: Duration) -> Sample {
        let mut sample = Sample::default();
        let (begun, mut sent) = (Instant::now(), 0_u32);
        while begun.elapsed() < time {
            let now = Instant::now();
            loop {
                let due = begun + Duration::from_secs_f64(f64::from(sent) / rate);
                if due > now {
                    break;
                }
                self.send(due);
                sent += 1;
            }
            self.exchange(now + PACE).await;
            self.note(&mut sample);
        }
        self.settle_into(&mut sample).await;
        sample
    }

    /// Sends so many messages at once and waits for none of their answers, only until the broker has them.
    pub async fn post(&mut self, count: usize) {
        let wanted = self.confirmed + count;
        for _ in 0..count {
            self.send(Instant::now());
        }
        while self.confirmed < wanted {
            self.exchange(Instant::now() + PACE).await;
        }
    }

    /// Waits for the first answer of those that are missing; answers when it came.
    pub async fn first_answer(&mut self) -> Instant {
        let deadline = Instant::now() + LOST_AFTER;
        while self.fresh.is_empty() {
            assert!(Instant::now() < deadline, "no answer within {LOST_AFTER:?}");
            self.exchange(deadline).await;
        }
        Instant::now()
    }

    /// Waits until everything is answered, or nothing has been for so long that the rest is lost.
    pub async fn settle(&mut self) -> Balance {
        self.settle_into(&mut Sample::default()).await;
        Balance {
            lost: self.answers.iter().filter(|&&count| count == 0).count(),
            doubled: self.answers.iter().map(|&count| usize::from(count.saturating_sub(1))).sum(),
            out_of_order: self.out_of_order,
        }
    }

    async fn settle_into(&mut self, sample: &mut Sample) {
        let mut deadline = Instant::now() + LOST_AFTER;
        while self.unanswered > 0 && Instant::now() < deadline {
            self.exchange(deadline).await;
            if self.note(sample) > 0 {
                deadline = Instant::now() + LOST_AFTER;
            }
        }
    }

    fn note(&mut self, sample: &mut Sample) -> usize {
        let count = self.fresh.len();
        for number in self.fresh.drain(..) {
            sample.add(self.due[number].elapsed());
        }
        count
    }

    fn send(&mut self, due: Instant) {
        let number = self.due.len();
        let mut publish = Publish::new(&self.topic, QoS::AtLeastOnce, message(&self.run, number, number % self.chats));
        publish.pkid = u16::try_from(number % PACKET_IDS + 2).expect("a packet id");
        self.due.push(due);
        self.answers.push(0);
        self.unanswered += 1;
        self.put(&Packet::Publish(publish));
    }

    fn put(&mut self, packet: &Packet) {
        packet.write(&mut self.outbox, PACKET_BYTES_MAX).expect("a packet");
    }

    /// Sends what is to be sent, then reads what is there, waiting for it at most until the deadline.
    async fn exchange(&mut self, deadline: Instant) {
        self.flush().await;
        let read = tokio::time::timeout_at(deadline.into(), self.stream.read_buf(&mut self.inbox)).await;
        if let Ok(bytes) = read {
            assert!(bytes.expect("the broker") > 0, "the broker closed the connection");
        }
        while let Ok(packet) = Packet::read(&mut self.inbox, PACKET_BYTES_MAX) {
            match packet {
                Packet::Publish(publish) => {
                    self.put(&Packet::PubAck(PubAck::new(publish.pkid)));
                    self.answered(number_of(&publish.payload).expect("a number in the answer"));
                }
                Packet::PubAck(_) => self.confirmed += 1,
                _ => {}
            }
        }
        self.flush().await;
    }

    fn answered(&mut self, number: usize) {
        let count = &mut self.answers[number];
        *count = count.saturating_add(1);
        if *count > 1 {
            return;
        }
        self.unanswered -= 1;
        self.fresh.push(number);
        let newest = &mut self.newest[number % self.chats];
        if number < *newest {
            self.out_of_order += 1;
        }
        *newest = number.max(*newest);
    }

    async fn flush(&mut self) {
        if !self.outbox.is_empty() {
            self.stream.write_all_buf(&mut self.outbox).await.expect("the broker");
        }
    }

    async fn packet(&mut self) -> Packet {
        self.flush().await;
        loop {
            if let Ok(packet) = Packet::read(&mut self.inbox, PACKET_BYTES_MAX) {
                return packet;
            }
            assert!(self.stream.read_buf(&mut self.inbox).await.expect("the broker") > 0, "the broker closed the connection");
        }
    }
}
