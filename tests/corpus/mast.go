package mast

// MaxWind closes the shutter, in metres a second.
const MaxWind = 17

// Mast reads the sensors.
type Mast struct{ port string }

// Read returns the wind speed.
func (m *Mast) Read() (float64, error) {
	return query(m.port, "WIND?")
}
