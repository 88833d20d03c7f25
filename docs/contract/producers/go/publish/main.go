// Publishes closure jobs and cancellations, one file each: publish FILE...
//
// CLOSURE_AMQP names the broker: amqp://crm:PASSWORD@host:5672/%2f, or amqps://…:5671 to another host.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

const confirmLimit = 30 * time.Second

// A broker that restarts is back by then.
var pausesMS = []int{500, 1000, 2000, 4000, 8000, 16000}

// What needs no percent-encoding in a name or a password, or has it.
const part = `(?:[\w.~!$&'()*+,;=-]|%[0-9a-f]{2})`

var address = regexp.MustCompile(`(?i)^amqps?://(` + part + `+(:` + part + `*)?@)?(` + part +
	`+|\[[0-9a-f:.]+\])(:[0-9]+)?(/[^/?#@\s]*)?(\?[^@#\s]*)?$`)

// broker returns its address; the library would repeat the password in what it says of a wrong one.
func broker() (string, error) {
	uri := os.Getenv("CLOSURE_AMQP")
	if _, err := amqp.ParseURI(uri); err != nil || !address.MatchString(uri) {
		return "", errors.New("CLOSURE_AMQP is no address; percent-encode the special characters of its password")
	}
	return uri, nil
}

type message struct {
	Kind     string `json:"kind"`
	JobID    string `json:"job_id"`
	CancelID string `json:"cancel_id"`
}

func (job message) id() string {
	if job.JobID != "" {
		return job.JobID
	}
	return job.CancelID
}

// isForGood tells what is the same at every try: a wrong password, no right, no such exchange, too large a body, a
// stranger's certificate.
func isForGood(problem error) bool {
	var refused *amqp.Error
	if errors.As(problem, &refused) {
		return refused.Code == 403 || refused.Code == 404 || refused.Code == 406 || refused.Code == 530
	}
	return strings.Contains(problem.Error(), "x509:")
}

// publish returns nil once the broker has the message on disk, and a problem if it may not have.
func publish(channel *amqp.Channel, job message, body []byte) error {
	closed := channel.NotifyClose(make(chan *amqp.Error, 1))
	returned := channel.NotifyReturn(make(chan amqp.Return, 1))
	confirmed := channel.NotifyPublish(make(chan amqp.Confirmation, 1))
	if err := channel.Confirm(false); err != nil {
		return err
	}
	_, kind, _ := strings.Cut(job.Kind, ".")
	key, _, _ := strings.Cut(kind, "/") // sms, email, dial or cancel
	err := channel.PublishWithContext(context.Background(), "closure.jobs", key, true, false, amqp.Publishing{
		ContentType:  "application/json",
		DeliveryMode: amqp.Persistent,
		MessageId:    job.id(),
		Type:         job.Kind,
		Body:         body,
	})
	if err != nil {
		return err
	}
	select {
	case answer, open := <-confirmed:
		if !open {
			return problemOf(closed)
		}
		if !answer.Ack {
			return errors.New("the broker refused to store it")
		}
	case <-time.After(confirmLimit):
		// A broker that is short of memory or disk takes nothing, and says nothing to a publisher.
		return fmt.Errorf("no confirm in %v", confirmLimit)
	}
	select {
	case unroutable := <-returned: // it came back before it was confirmed
		return errors.New("no queue is bound: " + unroutable.ReplyText)
	default:
		return nil
	}
}

// problemOf tells why a channel was closed, in the broker's own words where it said some.
func problemOf(closed chan *amqp.Error) error {
	if problem := <-closed; problem != nil {
		return problem
	}
	return amqp.ErrClosed
}

func publishOnce(uri string, job message, body []byte) error {
	connection, err := amqp.DialConfig(uri, amqp.Config{Heartbeat: 10 * time.Second})
	if err != nil {
		return err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	return publish(channel, job, body)
}

// publishUntilConfirmed publishes the very same bytes again where the end is unknown; the job is done once.
func publishUntilConfirmed(uri string, body []byte) error {
	var job message
	if err := json.Unmarshal(body, &job); err != nil {
		return err
	}
	if job.Kind == "" || job.id() == "" {
		return errors.New("the message has no kind, or neither job_id nor cancel_id")
	}
	for _, pause := range pausesMS {
		problem := publishOnce(uri, job, body)
		if problem == nil || isForGood(problem) {
			return problem
		}
		fmt.Fprintf(os.Stderr, "%v; again in %d ms\n", problem, pause)
		time.Sleep(time.Duration(pause) * time.Millisecond)
	}
	return publishOnce(uri, job, body)
}

func main() {
	if os.Getenv("CLOSURE_AMQP") == "" {
		fmt.Fprintln(os.Stderr, "CLOSURE_AMQP is not set")
		os.Exit(1)
	}
	uri, err := broker()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, name := range os.Args[1:] {
		body, err := os.ReadFile(name)
		if err == nil {
			// Keep these bytes with your own record before you publish them.
			err = publishUntilConfirmed(uri, body)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println("confirmed", name)
	}
}
