package router

import (
	rules "github.com/ed-toolbox/ed/core/router"
)

// reload reads the configuration again. What can change changes, of what cannot is told; with any mistake in it everything
// stays as it was. Clients notice nothing.
func (d *daemon) reload() {
	if stopping, _ := d.rules.Stopped(); stopping {
		return
	}
	d.counts.reloads++
	d.notify.reloading()
	defer func() { d.notify.ready(d.status()) }()
	s, err := load(d.env, d.o.given, d.o.files)
	if err != nil {
		d.log.Error("configuration stays as it was", "error", err)
		return
	}
	for _, text := range s.warnings {
		d.log.Warn(text)
	}
	changed := d.keepFixed(s)
	if err := d.rules.Reload(d.options(s)); err != nil {
		d.log.Error("configuration stays as it was", "error", err)
		return
	}
	old := d.setup
	d.setup = s
	d.level.Set(levelOf(s.logLevel))
	if s.secret != old.secret {
		d.datagram = d.newDatagram()
		for _, c := range d.sockets {
			c.SetHandler(d.datagram)
		}
	}
	if s.clientRate != old.clientRate || s.lineLimit != old.lineLimit {
		for kind := range d.servers {
			d.servers[kind] = d.newServer(rules.Kind(kind))
		}
	}
	d.log.Info("configuration was read again", "changed", changed, "services", len(s.services))
}

// keepFixed puts back in s what cannot change while the router runs, and returns how many other settings changed.
func (d *daemon) keepFixed(s *setup) (changed int) {
	for _, k := range keys() {
		is := s.settings.Get(k.name)
		switch {
		case k.live && is.Value != d.setup.settings.Get(k.name).Value:
			changed++
		case !k.live && is.Value != d.fixed[k.name]:
			d.log.Warn("setting changes at the next start only", "name", k.name, "where", is.Origin.String())
		}
	}
	old := d.setup
	s.serverName, s.mine = old.serverName, old.mine
	s.unix, s.group, s.datagram, s.local, s.signal = old.unix, old.group, old.datagram, old.local, old.signal
	s.clientQueue, s.maxClients, s.backlog = old.clientQueue, old.maxClients, old.backlog
	s.remote, s.secure, s.credentials = old.remote, old.secure, old.credentials
	s.certificate, s.privateKey, s.authority, s.loopbackPeers = old.certificate, old.privateKey, old.authority, old.loopbackPeers
	s.dataPath, s.userName, s.groupName, s.metrics, s.control = old.dataPath, old.userName, old.groupName, old.metrics, old.control
	s.logFile, s.logFormat = old.logFile, old.logFormat
	return changed
}

// fixedOf notes the settings that last as long as the process.
func fixedOf(s *setup) map[string]string {
	fixed := map[string]string{}
	for _, k := range keys() {
		if !k.live {
			fixed[k.name] = s.settings.Get(k.name).Value
		}
	}
	return fixed
}
