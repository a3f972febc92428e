package skerry.library;

/** A photographic plate. */
public class Plate {
    private final int number;

    public Plate(int number) {
        this.number = number;
    }

    /** Plates before 300 are on nitrate film. */
    public boolean isNitrate() {
        return number < 300;
    }
}
