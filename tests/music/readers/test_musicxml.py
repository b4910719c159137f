"""MusicXML: scores that a reader can check by hand, and agreement with music21 on real ones."""

import io
import zipfile
from fractions import Fraction

import music21
import pytest

from reprise.errors import ScoreError
from reprise.music.piece import CUES, GRACE, KEYS, METRES, NO_LENGTH, TEMPOS, UNPITCHED, Piece
from reprise.music.readers.defaults import DEFAULT_TEMPO_BPM, DEFAULT_VELOCITY
from reprise.music.readers.musicxml.scores import read_compressed_musicxml, read_musicxml

PART = """<score-part id="P{0}"><part-name>{1}</part-name>{2}</score-part>"""
FIRST = """<attributes><divisions>12</divisions><key><fifths>{key}</fifths></key>
<time><beats>{beats}</beats><beat-type>{type}</beat-type></time></attributes>"""
TIE, UNTIE = '<tie type="start"/>', '<tie type="stop"/>'
GRACE_NOTE = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
CHORD = "<chord/>"


def score(*parts: str, names: tuple[str, ...] = (), instrument: str = "") -> str:
    """MusicXML of some parts, each given as its measures."""
    names = names or tuple(f"Part {number}" for number, _ in enumerate(parts))
    heads = "".join(PART.format(number, name, instrument.format(number)) for number, name in enumerate(names))
    bodies = "".join(f'<part id="P{number}">{part}</part>' for number, part in enumerate(parts))
    return f'<score-partwise version="4.0"><part-list>{heads}</part-list>{bodies}</score-partwise>'


def measure(*content: str, number: int = 1, key: int = 0, beats: int = 4, type: int = 4) -> str:
    """A measure; the first says divisions (12 a beat), key and metre."""
    head = FIRST.format(key=key, beats=beats, type=type) if number < 2 else ""
    return f'<measure number="{number}">{head}{"".join(content)}</measure>'


def note(step: str, octave: int, twelfths: float, more: str = "", before: str = "") -> str:
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{before}{pitch}<duration>{twelfths}</duration>{more}</note>"


def rest(twelfths: int, marks: str = "", measure: str = "") -> str:
    return f"<note{marks}><rest{measure}/><duration>{twelfths}</duration></note>"


def moved(way: str, twelfths: int) -> str:
    """A <backup> or a <forward>."""
    return f"<{way}><duration>{twelfths}</duration></{way}>"


def attributes(content: str) -> str:
    return f"<attributes>{content}</attributes>"


def directed(direction: str, sound: str = "") -> str:
    return f"<direction><direction-type>{direction}</direction-type>{sound}</direction>"


def read(text: str) -> Piece:
    return read_musicxml(text.encode(), "x")


def rows(piece: Piece) -> list[tuple[float, float, int, int]]:
    """(onset, duration, pitch, part) of each note."""
    return piece.notes[["onset", "duration", "pitch", "part"]].tolist()


def onsets(text: str) -> list[float]:
    return read(text).notes["onset"].tolist()


# --- notes


def test_a_whole_note_of_middle_c():
    piece = read(score(measure(note("C", 4, 48), key=-3)))
    assert rows(piece) == [(0, 4, 60, 0)]
    assert (piece.metre, piece.key_fifths, piece.programs) == ((4, 4), -3, (0,))
    assert piece.tempo_bpm == DEFAULT_TEMPO_BPM and piece.notes["velocity"].tolist() == [DEFAULT_VELOCITY]
    assert piece.left_out == {}


def test_two_parts_in_unison_are_two_notes():
    part = measure(note("C", 4, 48))
    assert rows(read(score(part, part))) == [(0, 4, 60, 0), (0, 4, 60, 1)]


def test_chords_triplets_and_voices():
    chord = note("C", 4, 24) + note("E", 4, 24, before=CHORD)
    triplet = "".join(note(step, 4, 8) for step in "GAG")
    second_voice = moved("backup", 48) + note("C", 3, 48, "<voice>2</voice>")
    piece = read(score(measure(chord, triplet, second_voice)))
    assert rows(piece) == [
        (0, 4, 48, 0),
        (0, 2, 60, 0),
        (0, 2, 64, 0),
        (2, 2 / 3, 67, 0),
        (2 + 2 / 3, 2 / 3, 69, 0),
        (3 + 1 / 3, 2 / 3, 67, 0),
    ]


@pytest.mark.parametrize("between", [directed("<words>x</words>"), "<harmony/>", GRACE_NOTE, attributes("<clef/>")])
def test_a_chord_stays_one_whatever_stands_between_its_notes(between):
    text = score(measure(note("C", 4, 24), between, note("E", 4, 24, before=CHORD), note("G", 4, 24)))
    assert rows(read(text)) == [(0, 2, 60, 0), (0, 2, 64, 0), (2, 2, 67, 0)]


def test_the_notes_of_a_chord_may_differ_in_length():
    """The first one says where the next note begins."""
    text = score(measure(note("C", 4, 24), note("E", 4, 12, before=CHORD), note("G", 4, 24)))
    assert rows(read(text)) == [(0, 2, 60, 0), (0, 1, 64, 0), (2, 2, 67, 0)]


def test_backup_and_forward_move_the_cursor_within_one_voice_too():
    text = score(
        measure(note("C", 5, 48), moved("backup", 36), note("C", 3, 12), moved("forward", 12), note("D", 3, 12))
    )
    assert rows(read(text)) == [(0, 4, 72, 0), (1, 1, 48, 0), (3, 1, 50, 0)]


def test_a_backup_by_too_much_that_a_forward_makes_up_for_moves_nothing():
    """As MuseScore 2 writes it; a note after it alone begins with the measure."""
    there_and_back = moved("backup", 5000) + moved("forward", 4976)
    assert onsets(score(measure(note("C", 4, 48), there_and_back, note("E", 4, 24)))) == [0, 2]
    assert onsets(score(measure(note("C", 4, 48), moved("backup", 50), note("E", 4, 24)))) == [0, 0]


def test_divisions_hold_from_where_they_are_said():
    halved = attributes("<divisions>6</divisions>")
    assert onsets(score(measure(note("C", 4, 12), halved, note("D", 4, 12), note("E", 4, 6)))) == [0, 1, 3]


def test_divisions_said_after_the_first_notes_hold_for_those_too():
    late = measure(note("C", 4, 12), attributes("<divisions>12</divisions>"), note("D", 4, 12), number=2)
    assert rows(read(score(late))) == [(0, 1, 60, 0), (1, 1, 62, 0)]


def test_divisions_that_are_never_said_are_those_that_a_plain_note_shows():
    """A dotted half note of 6 has 2 in a quarter note."""
    shown = note("C", 4, 6, "<type>half</type><dot/>") + note("D", 4, 2)
    assert rows(read(score(measure(shown, number=2)))) == [(0, 3, 60, 0), (3, 1, 62, 0)]
    with pytest.raises(ScoreError, match=r"^x: measure 2: .*<divisions> is missing"):
        read(score(measure(note("C", 4, 6), number=2)))


def test_a_note_without_a_staff_is_in_its_part_once():
    right, left = note("C", 5, 48), note("C", 3, 48, "<voice>2</voice><staff>2</staff>")
    piano = measure(right, moved("backup", 48), left).replace("</time>", "</time><staves>2</staves>")
    assert rows(read(score(piano, measure(note("E", 4, 48))))) == [(0, 4, 48, 0), (0, 4, 72, 0), (0, 4, 64, 1)]


def test_quarter_tones_go_to_a_semitone_and_wild_accidentals_are_refused():
    assert read(score(measure(note("C", 4, 48).replace("</step>", "</step><alter>-1</alter>")))).notes["pitch"] == [59]
    with pytest.raises(ScoreError, match=r"^x: measure 1: <alter> is 9; it must be -3 to 3"):
        read(score(measure(note("C", 4, 48).replace("</step>", "</step><alter>9</alter>"))))


# --- ties


def test_ties_are_joined_and_struck_notes_are_not():
    first = measure(note("C", 4, 24), note("C", 4, 24, TIE))
    second = measure(note("C", 4, 48, UNTIE + TIE), number=2)
    third = measure(note("C", 4, 12, UNTIE), note("D", 4, 36), number=3)
    assert rows(read(score(first + second + third))) == [(0, 2, 60, 0), (2, 7, 60, 0), (9, 3, 62, 0)]


def test_a_tie_may_lead_to_another_voice_staff_and_name():
    flat = note("D", 4, 48, TIE + "<voice>1</voice><staff>1</staff>").replace("</step>", "</step><alter>-1</alter>")
    sharp = note("C", 4, 48, UNTIE + "<voice>5</voice><staff>2</staff>").replace("</step>", "</step><alter>1</alter>")
    assert rows(read(score(measure(flat) + measure(sharp, number=2)))) == [(0, 8, 61, 0)]


def test_of_two_voices_in_unison_each_keeps_its_tie():
    one = note("C", 4, 48, TIE + "<voice>1</voice>") + moved("backup", 24) + note("C", 4, 24, TIE + "<voice>2</voice>")
    two = (
        note("C", 4, 12, UNTIE + "<voice>1</voice>")
        + moved("backup", 12)
        + note("C", 4, 24, UNTIE + "<voice>2</voice>")
    )
    assert rows(read(score(measure(one) + measure(two, number=2)))) == [(0, 5, 60, 0), (2, 4, 60, 0)]


def test_a_tie_holds_over_what_rounded_durations_leave_out():
    """With 16 divisions, triplet notes of 1/3 last 5 of them, not 16/3: the third ends 1/16 before the bar line."""
    sixteenths = attributes("<divisions>16</divisions>")
    triplet = note("E", 4, 5) + note("E", 4, 5) + note("C", 4, 5, TIE)
    other_voice = moved("backup", 15) + note("G", 3, 16)
    first = measure(note("G", 4, 36), sixteenths, triplet, other_voice)
    piece = read(score(first + measure(note("C", 4, 16, UNTIE), number=2)))
    assert rows(piece)[-1] == (3.625, 1.375, 60, 0)
    longer = measure(quarters("CDE"), note("F", 4, 12.5, TIE)) + measure(note("F", 4, 12, UNTIE), number=2)
    assert rows(read(score(longer)))[-1] == (3, 2, 65, 0)


def test_an_arpeggio_is_held_by_its_ties():
    """C E G one after the other, each tied to the chord that follows."""
    rolled = "".join(note(step, 4, 12, TIE) for step in "CEG")
    chord = note("C", 4, 12, UNTIE) + "".join(note(step, 4, 12, UNTIE, CHORD) for step in "EG")
    assert rows(read(score(measure(rolled, chord)))) == [(0, 4, 60, 0), (1, 3, 64, 0), (2, 2, 67, 0)]


def test_a_tie_that_never_ends_holds_no_later_note():
    """Struck again, or two measures later, it is another note; `let-ring` is no tie."""
    again = note("C", 4, 12, TIE) + note("E", 4, 12) + note("C", 4, 12) + note("C", 4, 12, UNTIE)
    assert onsets(score(measure(again))) == [0, 1, 2, 3]
    empty = measure(rest(48), number=2)
    assert onsets(score(measure(note("C", 4, 48, TIE)) + empty + measure(note("C", 4, 48, UNTIE), number=3))) == [0, 8]
    assert onsets(score(measure(note("C", 4, 24, '<tie type="let-ring"/>'), note("C", 4, 24)))) == [0, 2]


# --- what is left out, and the count


def test_what_a_piece_has_no_place_for_is_counted():
    cue = note("E", 5, 24, before="<cue/>") + note("G", 5, 24, before="<chord/><cue/>")
    unpitched = "<note><unpitched/><duration>12</duration></note>"
    timeless = note("A", 4, 0) + "<note><pitch><step>B</step><octave>4</octave></pitch></note>"
    first = measure(GRACE_NOTE * 3, cue, unpitched, note("C", 4, 12), timeless)
    piece = read(score(first))
    assert rows(piece) == [(3, 1, 60, 0)]
    assert piece.left_out == {NO_LENGTH: 2, GRACE: 3, CUES: 2, UNPITCHED: 1}


def test_changes_of_tempo_metre_and_key_are_counted_once_for_all_parts():
    later = attributes("<key><fifths>2</fifths></key><time><beats>3</beats><beat-type>4</beat-type></time>")
    faster, same = '<sound tempo="120"/>', '<sound tempo="96"/>'
    part = measure(same, note("C", 4, 24), same, note("C", 4, 24)) + measure(later, faster, note("C", 4, 36), number=2)
    piece = read(score(part, part))
    assert piece.left_out == {TEMPOS: 1, METRES: 1, KEYS: 1}
    assert (piece.metre, piece.key_fifths, piece.tempo_bpm) == ((4, 4), 0, 96)


def test_music_without_a_note_that_a_piece_can_hold_is_refused():
    with pytest.raises(ScoreError, match=r"^x: has no notes"):
        read(score(measure("<note><unpitched/><duration>48</duration></note>")))


def test_notes_that_would_be_lost_refuse_the_file():
    """One lies in an element that may not hold notes; two parts have one name, which leaves out the first."""
    with pytest.raises(ScoreError, match=r"^x: has 2 notes, of which 1 were read"):
        read(score(measure(note("C", 4, 24), f"<group>{note('D', 4, 24)}</group>")))
    with pytest.raises(ScoreError, match=r"^x: has 2 notes, of which 1 were read"):
        read(score(measure(note("C", 4, 48)), measure(note("E", 4, 48))).replace('part id="P1"', 'part id="P0"'))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (note("C", 4, 48).replace(">48<", ">a<"), "<duration> is 'a'; it must be a number"),
        (note("C", 4, 48).replace(">48<", ">1e99999999<"), "<duration> is '1e99999999'"),
        (note("H", 4, 48), "<step> is 'H'; it must be one of C, D"),
        (note("C", 11, 48), "has a pitch outside MIDI's 0-127"),
        ("<note><duration>48</duration></note>", "a note has neither <pitch> nor <unpitched> nor <rest>"),
        (attributes("<divisions>0</divisions>") + note("C", 4, 48), "<divisions> is 0; it must be above 0"),
    ],
)
def test_what_cannot_be_made_out_of_a_note_is_said_with_its_measure(text, why):
    with pytest.raises(ScoreError) as error:
        read(score(measure(note("C", 4, 48)) + measure(text, number=2)))
    assert str(error.value).startswith("x: measure 2: ") and why in str(error.value)


# --- measures


def quarters(steps: str, octave: int = 4) -> str:
    return "".join(note(step, octave, 12) for step in steps)


def test_measures_begin_together_in_all_parts():
    """The second part's first measure lacks two beats, the first part's second has one too many."""
    first = measure(quarters("CDEF")) + measure(quarters("GABCD"), number=2) + measure(quarters("E"), number=3)
    second = measure(quarters("CD")) + measure(quarters("EFGA"), number=2) + measure(quarters("B"), number=3)
    piece = read(score(first, second))
    assert [onset for onset, _, _, part in rows(piece) if part == 0] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
    assert [onset for onset, _, _, part in rows(piece) if part == 1] == [0, 1, 4, 5, 6, 7, 9]


def test_a_measure_lasts_as_long_as_its_notes_and_an_empty_one_a_bar():
    text = score(
        measure(quarters("CDE"), beats=3)
        + measure(quarters("CD"), number=2)
        + measure(number=3)
        + measure(quarters("E"), number=4)
    )
    assert onsets(text) == [0, 1, 2, 3, 4, 8]


def test_what_only_fills_a_measure_makes_it_no_longer_than_a_bar():
    """Programs write cue notes, hidden rests, rests of a measure and <forward> of any length."""
    voices = [note("E", 4, 60, before="<cue/>"), rest(60, ' print-object="no"'), rest(96, measure=' measure="yes"')]
    for voice in [*voices, moved("forward", 70)]:
        bars = measure(quarters("CDE"), moved("backup", 36), voice) + measure(quarters("C"), number=2)
        assert onsets(score(bars))[-1] == 4
    printed = (
        measure(quarters("CDEF")) + measure(quarters("CDE"), rest(24), number=2) + measure(quarters("C"), number=3)
    )
    assert onsets(score(printed))[-1] == 9


def test_rounded_durations_move_no_bar_line():
    """A measure that differs from a bar by less than a 64th note is one."""
    for last in (11.5, 12.5):
        assert onsets(score(measure(quarters("CDE"), note("F", 4, last)) + measure(quarters("C"), number=2)))[-1] == 4


def test_timewise_scores_are_read_too():
    part = '<part id="P{}">{}</part>'
    bodies = [
        FIRST.format(key=0, beats=4, type=4) + quarters("CD"),
        FIRST.format(key=0, beats=4, type=4) + quarters("EFGA"),
    ]
    first = "".join(part.format(number, body) for number, body in enumerate(bodies))
    text = score("", "").replace("partwise", "timewise")
    text = text.split("<part id")[0] + f'<measure number="1">{first}</measure><measure number="2">'
    text += part.format(0, quarters("C")) + part.format(1, quarters("B")) + "</measure></score-timewise>"
    assert rows(read(text))[-2:] == [(4, 1, 60, 0), (4, 1, 71, 1)]


def test_a_pickup_begins_late_in_bar_0():
    """A beat before bars of three: it is the third beat of bar 0, and the next bar begins at 3."""
    for number in (0, 1):
        pickup = measure(note("G", 4, 12), number=number, beats=3)
        piece = read(score(pickup + measure(note("C", 5, 36), number=2)))
        assert piece.metre == (3, 4) and rows(piece) == [(2, 1, 67, 0), (3, 3, 72, 0)]


def test_a_part_that_rests_does_not_lengthen_an_upbeat():
    def upbeat(content: str) -> str:
        return measure(content, number=0).replace("<measure ", '<measure implicit="yes" ')

    bar = measure(quarters("CDEF"), number=2)
    piece = read(score(upbeat(quarters("G")) + bar, upbeat(rest(48)) + bar))
    assert piece.notes["onset"].tolist() == [3, 4, 4, 5, 5, 6, 6, 7, 7]


def test_a_part_that_rests_does_not_lengthen_another_s_bar():
    """Programs write whole and double whole rests in bars of any length. Where all rest, their rests count."""
    last = measure(quarters("C"), number=3)
    assert onsets(score(measure(quarters("CDEF")) + measure(rest(60), number=2) + last))[-1] == 9
    played = measure(quarters("CDEF")) + measure(quarters("G"), rest(36), number=2) + last
    resting = measure(rest(96)) + measure(rest(96), number=2) + last
    assert read(score(played, resting)).notes["onset"].max() == 8


def test_the_metre_that_lasts_longest_counts():
    change = attributes("<time><beats>{}</beats><beat-type>4</beat-type></time>")
    bars = measure(note("C", 4, 12), beats=1) + measure(change.format(3), note("D", 4, 36), number=2)
    piece = read(score(bars + measure(note("E", 4, 36), number=3)))
    assert piece.metre == (3, 4) and piece.notes["onset"].tolist() == [2, 3, 6], "bar lines at 3 and 6"
    assert piece.left_out == {METRES: 1}


def test_a_compound_metre_is_added_up_and_another_part_may_say_it():
    time = "<time><beats>3+2</beats><beat-type>8</beat-type><beats>1</beats><beat-type>4</beat-type></time>"
    silent = attributes("<divisions>12</divisions>") + note("C", 4, 42)
    said = attributes("<divisions>12</divisions>" + time) + note("E", 4, 42)
    assert read(score(measure(silent, number=2), measure(said, number=2))).metre == (7, 8)


def test_repeats_are_read_as_they_are_written():
    repeat = '<barline location="right"><repeat direction="backward"/></barline>'
    assert len(read(score(measure(note("C", 4, 48), repeat))).notes) == 1


# --- pitch, key, tempo, velocity, programs


def test_a_clarinet_s_written_d_sounds_c_and_its_key_too_until_it_is_changed_for_another():
    def down(semitones: int) -> str:
        return f"<transpose><chromatic>{semitones}</chromatic></transpose></attributes>"

    first = measure(note("D", 5, 48), key=2).replace("</attributes>", down(-2))
    second = measure(attributes(""), note("D", 5, 48), number=2).replace("</attributes>", down(0))
    piece = read(score(first + second))
    assert rows(piece) == [(0, 4, 72, 0), (4, 4, 74, 0)] and piece.key_fifths == 0


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        ("<mode>minor</mode>", "minor"),
        ("<mode> Major </mode>", "major"),
        ("<mode>dorian</mode>", "dorian"),
        ("<mode>none</mode>", None),
        ("<mode/>", None),
        ("", None),
    ],
)
def test_a_key_has_the_mode_that_is_said(said, mode):
    piece = read(score(measure(note("C", 4, 48), key=-1).replace("</key>", f"{said}</key>")))
    assert (piece.key_fifths, piece.key_mode) == (-1, mode)


def test_staves_may_transpose_differently_and_octaves_count():
    lower = '<transpose number="2"><chromatic>0</chromatic><octave-change>-1</octave-change></transpose></attributes>'
    notes = note("C", 4, 48, "<staff>1</staff>") + moved("backup", 48) + note("C", 4, 48, "<staff>2</staff>")
    assert read(score(measure(notes).replace("</attributes>", lower))).notes["pitch"].tolist() == [48, 60]


def test_an_octave_line_changes_nothing_that_sounds():
    line = directed('<octave-shift type="{}" size="8"/>')
    assert rows(read(score(measure(line.format("down"), note("D", 6, 48), line.format("stop"))))) == [(0, 4, 86, 0)]


def test_a_key_that_is_none_is_passed_over():
    good = attributes("<key><fifths>-2</fifths></key>")
    piece = read(score(measure(note("C", 4, 24), good, note("C", 4, 24), key=40)))
    assert piece.key_fifths == -2 and piece.left_out == {}


METRONOME = "<metronome><beat-unit>{}</beat-unit>{}<per-minute>{}</per-minute></metronome>"


@pytest.mark.parametrize(
    ("said", "bpm"),
    [
        (directed("<words>Allegro</words>", '<sound tempo="132"/>'), 132),
        ('<sound tempo="66.5"/>', 66.5),
        (directed(METRONOME.format("quarter", "", "c. 108"), '<sound tempo="110"/>'), 110),
        (directed(METRONOME.format("quarter", "", "ca. 120-126")), 120),
        (directed(METRONOME.format("half", "", "60")), 120),
        (directed(METRONOME.format("eighth", "<beat-unit-dot/>", "80")), 60),
        (directed(METRONOME.format("quarter", "", "")), DEFAULT_TEMPO_BPM),
        (directed(METRONOME.format("quarter", "", "")) + '<sound tempo="0"/><sound tempo="72"/>', 72),
    ],
)
def test_the_first_good_tempo_is_that_of_the_sound_else_of_the_metronome_mark(said, bpm):
    assert read(score(measure(said, note("C", 4, 48)))).tempo_bpm == bpm


def test_velocities_are_percent_of_90():
    loud = note("C", 4, 24).replace("<note>", '<note dynamics="100">')
    wild = note("C", 4, 24).replace("<note>", '<note dynamics="900">')
    assert read(score(measure(loud, wild))).notes["velocity"].tolist() == [90, 127]


INSTRUMENT = """<score-instrument id="P{0}-I1"><instrument-name>{1}</instrument-name></score-instrument>
<midi-instrument id="P{0}-I1"><midi-program>{2}</midi-program></midi-instrument>"""


def test_a_written_program_counts_whatever_the_part_is_called_unless_it_is_1():
    part = measure(note("C", 4, 48))
    for written, program in (("41", 40), ("5", 4), ("128", 127), ("1", 42), ("0", 42), ("x", 42), ("129", 42)):
        text = score(part, names=("Electric Piano",), instrument=INSTRUMENT.format("{0}", "Violoncello", written))
        assert read(text).programs == (program,), written


def test_parts_without_a_program_have_that_of_their_name():
    part = measure(note("C", 4, 48))
    names = ("Soprano", "Alto 2", "TENOR", "Canto", "Violine I", "Kazoo", "")
    assert read(score(*[part] * 7, names=names)).programs == (52, 52, 52, 52, 40, 0, 0)


def test_a_part_of_several_instruments_is_the_one_that_most_notes_name():
    piccolo = INSTRUMENT.format("{0}", "Flute", "74") + INSTRUMENT.format("{0}", "Piccolo", "73").replace("I1", "I2")
    played = "".join(note("C", 6, 12, f'<instrument id="P0-I{number}"/>') for number in (1, 2, 2))
    assert read(score(measure(played), instrument=piccolo)).programs == (72,)


# --- files


def archived(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_container_with_a_namespace_names_the_score_among_other_files():
    container = '<c:container xmlns:c="urn:oasis:names:tc:opendocument:xmlns:container"><c:rootfiles>'
    container += '<c:rootfile full-path="score.xml"/></c:rootfiles></c:container>'
    text = score(measure(note("C", 4, 48)))
    content = archived({"META-INF/container.xml": container, "a.xml": "<opus/>", "score.xml": text})
    assert rows(read_compressed_musicxml(content, "x")) == [(0, 4, 60, 0)]


def test_a_score_may_have_a_namespace_and_an_archive_leavings_of_a_mac():
    text = score(measure(note("C", 4, 48))).replace("<score-partwise", '<score-partwise xmlns="urn:x"')
    content = archived({"__MACOSX/._b.xml": "", "b.xml": text})
    assert rows(read_compressed_musicxml(content, "x")) == [(0, 4, 60, 0)]


# --- real scores


@pytest.mark.parametrize("name", ["bach/bwv269", "bach/bwv1.6"])
def test_music21_finds_the_same_notes(name):
    """By its own stripping of ties; `shift` is what the first bar lacks."""
    path = music21.corpus.getWork(name)
    piece = read_compressed_musicxml(path.read_bytes(), name)
    theirs = [
        (element.offset, element.quarterLength, pitch.midi, number)
        for number, part in enumerate(music21.corpus.parse(name).parts)
        for element in part.stripTies().flatten().notes
        for pitch in element.pitches
        if not element.duration.isGrace
    ]
    shift = Fraction(piece.notes["onset"].min()) - min(Fraction(row[0]) for row in theirs)
    assert 0 <= shift < piece.bar_beats
    assert sorted((float(o + shift), float(d), p, n) for o, d, p, n in theirs) == sorted(rows(piece))


def test_every_written_note_of_a_prelude_sounds_once():
    """Bach's prelude in C, on two staves in four voices: as many notes as aren't tied to one before, as long as all."""
    written = [
        (tied.tie.type if tied.tie else None, float(element.quarterLength))
        for element in music21.corpus.parse("bach/bwv846").recurse().notes
        for tied in (element.notes if element.isChord else (element,))
    ]
    piece = read_compressed_musicxml(music21.corpus.getWork("bach/bwv846").read_bytes(), "bwv846")
    assert piece.programs == (0,) and len(piece.notes) == sum(tie in (None, "start") for tie, _ in written)
    assert piece.notes["duration"].sum() == sum(duration for _, duration in written)


def test_bwv_269_begins_with_an_upbeat_in_g_major():
    piece = read_compressed_musicxml(music21.corpus.getWork("bach/bwv269").read_bytes(), "bwv269")
    assert (piece.metre, piece.key_fifths, piece.programs) == ((3, 4), 1, (52, 52, 52, 52))
    assert rows(piece)[:4] == [(2, 1, 67, 0), (2, 1, 62, 1), (2, 1, 59, 2), (2, 1, 43, 3)]
