#!/bin/sh
# Makes the small, real MP4 files that the provider server hands out (H.264, 1 frame per second, 5 s, one plain colour),
# two JPEG images to start and end a video with, and a PNG image.
# Only needed when the set changes: the files are committed, and the server itself does not need ffmpeg.
# Usage: sh make-media.sh        (needs ffmpeg with libx264)
set -eu
cd "$(dirname "$0")"

make() { # name width height
	ffmpeg -nostdin -y -loglevel error -f lavfi -i "color=c=0x3b5bdb:s=$2x$3:r=1:d=5" \
		-c:v libx264 -preset veryslow -tune stillimage -pix_fmt yuv420p -crf 40 \
		-fflags +bitexact -flags:v +bitexact -map_metadata -1 -movflags +faststart "$1.mp4"
}

# The short side is the resolution's name, the long side follows from the aspect ratio.
for resolution in 360 540 720 1080 2160; do
	label="${resolution}p"
	[ "$resolution" = 2160 ] && label=4k
	make "${label}_16x9" $((resolution * 16 / 9)) "$resolution"
	make "${label}_9x16" "$resolution" $((resolution * 16 / 9))
	make "${label}_1x1" "$resolution" "$resolution"
	make "${label}_4x3" $((resolution * 4 / 3)) "$resolution"
	make "${label}_3x4" "$resolution" $((resolution * 4 / 3))
	make "${label}_21x9" $((resolution * 21 / 9)) "$resolution"
	make "${label}_9x21" "$resolution" $((resolution * 21 / 9))
done

# What "add audio" returns: the same picture with a sound track.
ffmpeg -nostdin -y -loglevel error -i 720p_16x9.mp4 -f lavfi -i anullsrc=r=8000:cl=mono -shortest \
	-c:v copy -c:a aac -b:a 8k -fflags +bitexact -flags:a +bitexact -map_metadata -1 -movflags +faststart 720p_16x9_sound.mp4

# What stands for an EXR export.
ffmpeg -nostdin -y -loglevel error -f lavfi -i color=c=0x3b5bdb:s=16x16 -frames:v 1 -c:v exr -compression zip16 -pix_fmt gbrpf32le -fflags +bitexact frame.exr

# What comes of a request for an image in PNG; one in JPEG is start.jpg.
ffmpeg -nostdin -y -loglevel error -f lavfi -i color=c=0x2b8a3e:s=64x36 -frames:v 1 -pix_fmt rgb24 -fflags +bitexact -flags:v +bitexact still.png

# Start and end images for requests.
ffmpeg -nostdin -y -loglevel error -f lavfi -i color=c=0x2b8a3e:s=960x540 -frames:v 1 -q:v 20 -fflags +bitexact -flags:v +bitexact start.jpg
ffmpeg -nostdin -y -loglevel error -f lavfi -i color=c=0xe67700:s=960x540 -frames:v 1 -q:v 20 -fflags +bitexact -flags:v +bitexact end.jpg
