package dashboards

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"dwell/dashboards/door"
	"dwell/dashboards/problem"
)

// proxy is an nginx that runs until the test ends.
type proxy struct {
	t       *testing.T
	address string
	client  *http.Client
	forged  string // an X-Forwarded-Host of the client's own
}

// startNginx runs nginx with a file for its folder conf.d, in which paths and addresses are replaced.
func startNginx(t *testing.T, conf string, replace ...string) *proxy {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		if nginx, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			t.Skip("nginx is not installed")
		}
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	_ = free.Close()
	dir := t.TempDir()
	certificate(t, filepath.Join(dir, "dwell"))
	if err := os.WriteFile(filepath.Join(dir, "dwell.users"), []byte("officer:{PLAIN}secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	conf = strings.NewReplacer(append(replace, "/etc/nginx/", dir+"/", "listen 443", "listen "+address)...).Replace(conf)
	temporary := ""
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += fmt.Sprintf("%s_temp_path %s/%s;\n", kind, dir, kind)
	}
	me, err := user.Current() // whom nginx leaves root for, who can read the folder
	if err != nil {
		t.Fatal(err)
	}
	group, err := user.LookupGroupId(me.Gid)
	if err != nil {
		t.Fatal(err)
	}
	main := fmt.Sprintf("user %s %s;\ndaemon off;\npid %s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n%s%s}\n", me.Username, group.Name, dir, temporary, conf)
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(main), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	run := exec.CommandContext(t.Context(), nginx, "-p", dir, "-e", "stderr", "-c", file)
	run.Stderr = &said
	run.Cancel = func() error { return run.Process.Signal(os.Interrupt) }
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = run.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = run.Cancel()
		<-ended
	})
	for {
		if c, err := net.Dial("tcp", address); err == nil {
			_ = c.Close()
			break
		}
		select {
		case <-ended:
			t.Fatalf("nginx ended: %s", &said)
		case <-time.After(10 * time.Millisecond):
		}
	}
	return &proxy{t: t, address: address, client: &http.Client{Transport: &http.Transport{TLSClientConfig: trusting()}}}
}

// trusting takes any certificate.
func trusting() *tls.Config { return &tls.Config{InsecureSkipVerify: true} } //nolint:gosec // it is one that this test has made

// certificate writes a certificate and its key, path.crt and path.key.
func certificate(t *testing.T, path string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"dwell.example.org"}}
	public, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{".crt": {Type: "CERTIFICATE", Bytes: public}, ".key": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path+name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// get asks as a page at https://dwell.example.org does.
func (p *proxy) get(scheme, path, name string) (status int, body string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, scheme+"://"+p.address+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Host = "dwell.example.org"
	if p.forged != "" {
		r.Header.Set("X-Forwarded-Host", p.forged)
	}
	if name != "" {
		r.SetBasicAuth(name, "secret")
	}
	response, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

// live opens the live view as that page does, and returns the first message, or the problem document of the refusal.
func (p *proxy) live(scheme, origin, name string) (message string, refused problem.Document) {
	p.t.Helper()
	header := http.Header{"Host": {"dwell.example.org"}, "Origin": {origin}}
	if name != "" {
		r := &http.Request{Header: header}
		r.SetBasicAuth(name, "secret")
	}
	dialer := &websocket.Dialer{TLSClientConfig: trusting()}
	conn, response, err := dialer.DialContext(p.t.Context(), scheme+"://"+p.address+"/live", header)
	if err != nil {
		if response == nil {
			p.t.Fatal(err)
		}
		refused.Status = response.StatusCode
		_ = json.NewDecoder(response.Body).Decode(&refused) // the proxy's own answers are HTML
		return "", refused
	}
	defer func() { _ = conn.Close() }()
	_, data, err := conn.ReadMessage()
	if err != nil {
		p.t.Fatal(err)
	}
	return string(data), refused
}

// An officer signs in at nginx, as deploy/nginx.conf sets it up, and watches the live view.
func TestNginxOfTheExampleLetsThePageThrough(t *testing.T) {
	conf, err := os.ReadFile("../deploy/nginx.conf")
	if err != nil {
		t.Fatal(err)
	}
	cfg := door.DefaultConfig()
	cfg.ExternalURL, cfg.BehindProxy = "https://dwell.example.org", []string{"127.0.0.1"}
	address := serveBehind(t, newStage(t), cfg)
	p := startNginx(t, string(conf), "http://127.0.0.1:8080", address)
	for path, want := range map[string]int{"/": 200, "/main.js": 200, "/api/v1/overview": 200, "/metrics": 404, "/readyz": 404} {
		if status, body := p.get("https", path, "officer"); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if _, body := p.get("https", "/metrics", "officer"); !strings.Contains(body, "nginx") {
		t.Errorf("/metrics is refused by dwell, not by nginx: %s", body)
	}
	p.forged = "evil.example"
	if status, body := p.get("https", "/api/v1/overview", "officer"); status != http.StatusOK {
		t.Errorf("with a forged X-Forwarded-Host, which nginx replaces: %d %s", status, body)
	}
	p.forged = ""
	if status, _ := p.get("https", "/api/v1/overview", ""); status != http.StatusUnauthorized {
		t.Errorf("without signing in: %d", status)
	}
	// A clerk with a token has no sign-in. What the form loads passes, and the numbers do not.
	for path, want := range map[string]int{
		"/post": 200, "/post/main.js": 200, "/post_worker.js": 200, "/page.css": 200, "/strings.js": 200, "/api/v1/places": 200, "/api/v1/agencies": 200,
		"/api/v1/post": 404 /* of dwell, which takes no posts here */, "/main.js": 401, "/api/v1/places/AF-NAN-TORKHAM": 401, "/post/../api/v1/overview": 401, "/live": 401,
	} {
		if status, body := p.get("https", path, ""); status != want || status == http.StatusNotFound && strings.Contains(body, "nginx") {
			t.Errorf("%s without signing in: %d %s", path, status, body)
		}
	}
	if message, refused := p.live("wss", "https://dwell.example.org", "officer"); !strings.Contains(message, "AF-NAN-TORKHAM") {
		t.Errorf("the live view is %+v", refused)
	}
	for _, origin := range []string{"https://evil.example", "http://dwell.example.org"} {
		if _, refused := p.live("wss", origin, "officer"); refused.Status != http.StatusForbidden {
			t.Errorf("of a page at %s: %+v", origin, refused)
		}
	}
}

// An nginx with no more than proxy_pass passes on neither Host nor Upgrade. The page learns why there is no live view.
func TestNginxByDefaultGetsTheReason(t *testing.T) {
	const conf = "server { listen 443; location / { proxy_pass ADDRESS; } }\n"
	t.Log("as it is: the origin is not the host that nginx asks for")
	p := startNginx(t, conf, "ADDRESS", serve(t, newStage(t)))
	if status, _ := p.get("http", "/api/v1/overview", ""); status != http.StatusOK {
		t.Errorf("the overview: %d", status)
	}
	_, refused := p.live("ws", "https://dwell.example.org", "")
	if refused.Status != http.StatusForbidden || !strings.Contains(refused.Detail, "web.external_url") {
		t.Errorf("the live view: %+v", refused)
	}
	if status, body := p.get("http", "/live", ""); status != http.StatusForbidden || !strings.Contains(body, "web.external_url") {
		t.Errorf("asked for the reason: %d %s", status, body)
	}

	t.Log("with web.external_url: nginx does not pass on Upgrade")
	cfg := door.DefaultConfig()
	cfg.ExternalURL = "https://dwell.example.org"
	p = startNginx(t, conf, "ADDRESS", serveBehind(t, newStage(t), cfg))
	_, refused = p.live("ws", "https://dwell.example.org", "")
	if refused.Status != http.StatusUpgradeRequired || !strings.Contains(refused.Detail, "Upgrade") {
		t.Errorf("the live view: %+v", refused)
	}
}
