// A peer of the bench: the usual shape of a Go program, on gopacket. The ring's packets are copied into fresh
// buffers and go through a channel to the parser, its lines through another to the writer.
//
//	gopacket-http -i DEVICE -o FILE [-b 8]     until SIGINT or SIGTERM
//	gopacket-http -r CAPTURE -o FILE
//
// Such a program often writes each line by itself; this one buffers lines while there are more, which is kinder to it.
package main

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/afpacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcap"
	"github.com/google/gopacket/pcapgo"
	"golang.org/x/net/bpf"
)

const (
	snaplenBytes   = 1560
	framesPerBlock = 128
	queueLength    = 10240
	pollTimeout    = 100 * time.Millisecond
	filter         = "tcp port 80"
	timeFormat     = "2006-01-02 15:04:05.000"
)

var methods = []string{
	"GET ", "POST ", "HEAD ", "PUT ", "DELETE ", "OPTIONS ", "TRACE ", "PATCH ", "CONNECT ",
}

type capturedPacket struct {
	bytes     []byte
	timestamp time.Time
}

func main() {
	device := flag.String("i", "", "interface")
	capture := flag.String("r", "", "capture file instead of an interface")
	output := flag.String("o", "", "file of the lines")
	ringMegabytes := flag.Int("b", 8, "ring in MB")
	flag.Parse()

	packets := make(chan capturedPacket, queueLength)
	lines := make(chan string, queueLength)
	var stages sync.WaitGroup
	stages.Add(2)
	go func() { parsePackets(packets, lines); stages.Done() }()
	go func() { writeLines(*output, lines); stages.Done() }()
	if *capture != "" {
		readCapture(*capture, packets)
	} else {
		readRing(*device, *ringMegabytes, packets)
	}
	close(packets)
	stages.Wait()
}

func readCapture(path string, packets chan<- capturedPacket) {
	file, err := os.Open(path)
	check(err)
	reader, err := pcapgo.NewReader(bufio.NewReaderSize(file, 1<<20))
	check(err)
	for {
		bytes, info, err := reader.ReadPacketData()
		if err == io.EOF {
			return
		}
		check(err)
		packets <- capturedPacket{bytes, info.Timestamp}
	}
}

// frameBytes rounds the snaplen to what divides a page, or is a multiple of it, as such programs do.
func frameBytes() int {
	page := os.Getpagesize()
	if snaplenBytes < page {
		return page / (page / snaplenBytes)
	}
	return (snaplenBytes/page + 1) * page
}

func readRing(device string, ringMegabytes int, packets chan<- capturedPacket) {
	blockBytes := frameBytes() * framesPerBlock
	ring, err := afpacket.NewTPacket(
		afpacket.OptInterface(device),
		afpacket.OptFrameSize(frameBytes()),
		afpacket.OptBlockSize(blockBytes),
		afpacket.OptNumBlocks(ringMegabytes<<20/blockBytes),
		afpacket.OptPollTimeout(pollTimeout),
		afpacket.SocketRaw,
		afpacket.TPacketVersion3,
	)
	check(err)
	instructions, err := pcap.CompileBPFFilter(layers.LinkTypeEthernet, snaplenBytes, filter)
	check(err)
	check(ring.SetBPF(rawInstructions(instructions)))

	var stopping atomic.Bool
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() { <-signals; stopping.Store(true) }()
	fmt.Fprintln(os.Stderr, "capturing")
	for {
		bytes, info, err := ring.ZeroCopyReadPacketData()
		if err == afpacket.ErrTimeout {
			if stopping.Load() {
				break
			}
			continue
		}
		check(err)
		packets <- capturedPacket{append(make([]byte, 0, len(bytes)), bytes...), info.Timestamp}
	}
	_, statistics, err := ring.SocketStats()
	check(err)
	fmt.Fprintf(os.Stderr, "%d packets received, %d dropped\n", statistics.Packets(), statistics.Drops())
}

func rawInstructions(instructions []pcap.BPFInstruction) []bpf.RawInstruction {
	raw := make([]bpf.RawInstruction, len(instructions))
	for i, one := range instructions {
		raw[i] = bpf.RawInstruction{Op: one.Code, Jt: one.Jt, Jf: one.Jf, K: one.K}
	}
	return raw
}

func parsePackets(packets <-chan capturedPacket, lines chan<- string) {
	defer close(lines)
	for captured := range packets {
		packet := gopacket.NewPacket(captured.bytes, layers.LayerTypeEthernet, gopacket.Default)
		network := packet.NetworkLayer()
		tcp, isTCP := packet.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if network == nil || !isTCP {
			continue
		}
		if text := describeMessage(tcp.Payload); text != "" {
			flow := network.NetworkFlow()
			lines <- fmt.Sprintf("%s %s#%d %s#%d %s\n", captured.timestamp.Format(timeFormat),
				flow.Src(), tcp.SrcPort, flow.Dst(), tcp.DstPort, text)
		}
	}
}

// describeMessage gives start line and two header fields, or nothing where the payload begins no message.
func describeMessage(payload []byte) string {
	if bytes.HasPrefix(payload, []byte("HTTP/")) {
		return "R " + readHead(payload, "content-length: ", "content-type: ")
	}
	for _, method := range methods {
		if bytes.HasPrefix(payload, []byte(method)) {
			return "Q " + readHead(payload, "host: ", "user-agent: ")
		}
	}
	return ""
}

func readHead(payload []byte, firstField, secondField string) string {
	head := strings.Split(string(payload), "\n")
	var first, second string
	for _, line := range head[1:] {
		line = strings.TrimSpace(line)
		if line == "" {
			break
		}
		lower := strings.ToLower(line)
		if strings.HasPrefix(lower, firstField) {
			first = line[len(firstField):]
		} else if strings.HasPrefix(lower, secondField) {
			second = line[len(secondField):]
		}
	}
	return strings.TrimSpace(head[0]) + " " + first + " " + second
}

func writeLines(path string, lines <-chan string) {
	file, err := os.Create(path)
	check(err)
	writer := bufio.NewWriterSize(file, 1<<16)
	for line := range lines {
		writer.WriteString(line)
		if len(lines) == 0 {
			check(writer.Flush())
		}
	}
	check(writer.Flush())
	check(file.Close())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
